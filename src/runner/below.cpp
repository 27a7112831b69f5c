#include "runner/below.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/descriptor.h"

namespace graft {

int open_below(const std::filesystem::path& root, const std::filesystem::path& name) {
  const Descriptor folder(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (folder.fd < 0) return -1;
  // Without O_NONBLOCK the opening of a pipe would wait for a writer.
  open_how how{};
  how.flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
  return static_cast<int>(::syscall(SYS_openat2, folder.fd, name.c_str(), &how, sizeof how));
}

std::string read_below(const std::filesystem::path& root, const std::filesystem::path& name, std::size_t most) {
  const Descriptor file(open_below(root, name));
  struct stat status {};
  if (file.fd < 0 || ::fstat(file.fd, &status) != 0 || !S_ISREG(status.st_mode)) return {};
  std::string content(most, '\0');
  const ssize_t count = ::read(file.fd, content.data(), content.size());
  content.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
  return content;
}

bool is_folder_below(const std::filesystem::path& root, const std::filesystem::path& name) {
  const Descriptor folder(open_below(root, name));
  struct stat status {};
  return folder.fd >= 0 && ::fstat(folder.fd, &status) == 0 && S_ISDIR(status.st_mode);
}

}  // namespace graft
