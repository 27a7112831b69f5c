#include "runner/log_tail.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/file.h"
#include "runner/log_text.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPiece = 256 << 10;
constexpr std::uint64_t kHole = 1 << 20;

}  // namespace

LogTail::LogTail(fs::path folder) : folder_(std::move(folder)) {
  std::error_code unknown;
  if (!fs::exists(folder_ / "read", unknown)) return;
  const std::string content = read_text(folder_ / "read", 32);
  std::from_chars(content.data(), content.data() + content.size(), offset_);
  end_ = offset_;
}

std::vector<std::string> LogTail::read(bool all) {
  const Descriptor file(::open((folder_ / "log").c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd < 0) return {};
  std::string piece(kPiece, '\0');
  ssize_t count = 0;
  while ((count = ::pread(file.fd, piece.data(), piece.size(), static_cast<off_t>(end_))) < 0 && errno == EINTR) {
  }
  if (count > 0) pending_.append(piece, 0, static_cast<std::size_t>(count));
  if (count > 0) end_ += static_cast<std::uint64_t>(count);
  const bool is_end = count < static_cast<ssize_t>(kPiece);
  std::vector<std::string> lines = take_lines(pending_, all && is_end);
  offset_ = end_ - pending_.size();
  return lines;
}

void LogTail::taken() {
  const std::string content = std::to_string(offset_);
  const fs::path file = folder_ / "read", temporary = folder_ / "read.new";
  {
    const Descriptor out(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (out.fd < 0 || ::write(out.fd, content.data(), content.size()) < 0) return;
  }
  std::error_code ignored;
  fs::rename(temporary, file, ignored);
  // What is in the log service need not be here as well: a program may write for weeks.
  if (offset_ < kHole) return;
  const Descriptor log(::open((folder_ / "log").c_str(), O_WRONLY | O_CLOEXEC));
  if (log.fd >= 0) {
    (void)::fallocate(log.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(offset_));
  }
}

}  // namespace graft
