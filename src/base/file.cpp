#include "base/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/descriptor.h"
#include "base/error.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail_on(const char* verb, const fs::path& path) {
  const Kind kind = errno == ENOENT                                       ? Kind::not_found
                    : errno == EACCES || errno == EPERM || errno == EROFS ? Kind::denied
                                                                          : Kind::unavailable;
  fail(kind, "cannot ", verb, " ", path.string(), ": ", system_message());
}

std::uint64_t open_for_reading(const fs::path& path, Descriptor& file) {
  // Without O_NONBLOCK the opening of a pipe would wait for a writer.
  file.fd = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (file.fd < 0) fail_on("read", path);
  struct stat status;
  if (::fstat(file.fd, &status) != 0) fail_on("read", path);
  require(S_ISREG(status.st_mode), "cannot read ", path.string(), ": it is not a file");
  return static_cast<std::uint64_t>(status.st_size);
}

template <typename Buffer>
Buffer read_whole(const fs::path& path, std::uint64_t limit) {
  Descriptor file(-1);
  const std::uint64_t size = open_for_reading(path, file);
  require(size <= limit, "cannot read ", path.string(), ": its ", size, " bytes are more than the limit of ", limit);
  Buffer buffer;
  buffer.resize(size);
  std::uint64_t done = 0;
  while (done < size) {
    const ssize_t count = ::read(file.fd, reinterpret_cast<char*>(buffer.data()) + done, size - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_on("read", path);
    if (count == 0) break;
    done += static_cast<std::uint64_t>(count);
  }
  buffer.resize(done);
  return buffer;
}

void write_all(int fd, ByteView content, const fs::path& path) {
  while (!content.empty()) {
    const ssize_t count = ::write(fd, content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_on("write", path);
    content = content.subspan(static_cast<std::size_t>(count));
  }
}

void sync_folder(const fs::path& folder) {
  Descriptor handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (handle.fd >= 0) ::fsync(handle.fd);
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

}  // namespace

Bytes read_file(const fs::path& path, std::uint64_t limit) {
  return read_whole<Bytes>(path, limit);
}
std::string read_text(const fs::path& path, std::uint64_t limit) {
  return read_whole<std::string>(path, limit);
}

void write_file(const fs::path& path, ByteView content) {
  std::string temporary = path.string() + ".XXXXXX";
  Descriptor file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (file.fd < 0) fail_on("write", path);
  try {
    write_all(file.fd, content, path);
    ::fchmod(file.fd, 0644);
    if (::fsync(file.fd) != 0) fail_on("write", path);
    if (::rename(temporary.c_str(), path.c_str()) != 0) fail_on("write", path);
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  sync_folder(folder_of(path));
}

void write_file(const fs::path& path, std::string_view content) {
  write_file(path, as_bytes(content));
}

void make_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) fail(Kind::denied, "cannot create the folder ", path.string(), ": ", error.message());
  require(fs::is_directory(path), "cannot create the folder ", path.string(), ": a file of that name is in the way");
}

void check_writable(const fs::path& folder) {
  make_folder(folder);
  std::string probe = (folder / ".graft-XXXXXX").string();
  Descriptor file(::mkostemp(probe.data(), O_CLOEXEC));
  if (file.fd < 0) fail_on("write into", folder);
  ::unlink(probe.c_str());
}

MappedFile::MappedFile(const fs::path& path) {
  Descriptor file(-1);
  size_ = open_for_reading(path, file);
  if (size_ == 0) return;
  void* address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.fd, 0);
  if (address == MAP_FAILED) fail_on("map", path);
  memory_ = std::shared_ptr<const void>(
      address, [size = size_](const void* start) { ::munmap(const_cast<void*>(start), size); });
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (fs::temp_directory_path() / "graft-XXXXXX").string();
  if (!::mkdtemp(pattern.data())) fail_on("create a folder in", fs::temp_directory_path());
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace graft
