#include "http/file_body.h"

#include <sys/sendfile.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"

namespace graft {
namespace {

constexpr std::uint64_t kSmall = 64 << 10;

void advance(FileBody& file, std::size_t bytes) {
  file.offset += bytes;
  file.length -= bytes;
}

[[noreturn]] void too_short(const FileBody& file) {
  fail(Kind::internal, "a file that is sent ends ", file.length, " bytes before its length that was said");
}

}  // namespace

std::size_t read_some(FileBody& file, std::span<char> room) {
  const std::size_t wanted = std::min<std::uint64_t>(room.size(), file.length);
  const ssize_t got = ::pread(file.file->fd, room.data(), wanted, static_cast<off_t>(file.offset));
  if (got < 0 && errno == EINTR) return 0;
  if (got < 0) fail(Kind::internal, "a file that is sent cannot be read: ", system_message());
  if (got == 0 && wanted > 0) too_short(file);
  advance(file, static_cast<std::size_t>(got));
  return static_cast<std::size_t>(got);
}

std::size_t send_some(FileBody& file, int socket, std::size_t most) {
  auto offset = static_cast<off_t>(file.offset);
  const ssize_t sent = ::sendfile(socket, file.file->fd, &offset, std::min<std::uint64_t>(most, file.length));
  if (sent < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
  if (sent < 0) fail(Kind::unavailable, "a file cannot be sent: ", system_message());
  if (sent == 0) too_short(file);
  advance(file, static_cast<std::size_t>(sent));
  return static_cast<std::size_t>(sent);
}

void load_small_file(Response& response) {
  if (!response.file || response.file->length > kSmall) return;
  FileBody file = std::move(*response.file);
  response.file.reset();
  response.body.resize(file.length);
  try {
    while (file.length > 0) read_some(file, std::span(response.body).last(file.length));
  } catch (const std::exception& error) {
    response = error_response(error);
  }
}

}  // namespace graft
