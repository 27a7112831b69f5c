#include "remote/new_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

#include "base/error.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kTooRecent = 2;  // seconds

[[noreturn]] void fail_on(const fs::path& path) {
  fail(errno == EACCES || errno == EPERM || errno == EROFS ? Kind::denied : Kind::unavailable, "cannot write ",
       path.string(), ": ", system_message());
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

}  // namespace

NewFile::NewFile(fs::path path)
    : path_(std::move(path)), temporary_((folder_of(path_) / ".graft-XXXXXX").string()), file_(-1) {
  file_.fd = ::mkostemp(temporary_.data(), O_CLOEXEC);
  if (file_.fd < 0) fail_on(path_);
}

NewFile::~NewFile() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void NewFile::write(ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file_.fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_on(path_);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

void NewFile::finish(std::int64_t modified, bool sync) {
  ::fchmod(file_.fd, 0644);
  if (modified > 0) {
    const bool settled = std::time(nullptr) - modified >= kTooRecent;
    const timespec time{settled ? modified : modified - 1, 0};
    const timespec times[2] = {time, time};
    ::futimens(file_.fd, times);
  }
  if (sync && ::fsync(file_.fd) != 0) fail_on(path_);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail_on(path_);
  temporary_.clear();
  if (!sync) return;
  const Descriptor folder(::open(folder_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.fd >= 0) ::fsync(folder.fd);
}

}  // namespace graft
