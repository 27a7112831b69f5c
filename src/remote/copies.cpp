// FOLDER/lock: whoever has it makes copies, or chooses what to remove. COPY/use: shared by those who use the copy; its
// time is that of the last use, and in it stands the number of bytes that the copy has.
#include "remote/copies.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRemoved = ".removed-";

int open_locked(const fs::path& file, int how, int flags) {
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | flags, 0644);
  if (fd < 0 || ::flock(fd, how) != 0) {
    if (fd >= 0) ::close(fd);
    fail(Kind::denied, "cannot write ", file.string(), ": ", system_message());
  }
  return fd;
}

std::uint64_t bytes_below(const fs::path& folder) {
  std::uint64_t bytes = 0;
  std::error_code gone;
  for (fs::recursive_directory_iterator each(folder, gone), end; !gone && each != end; each.increment(gone)) {
    if (each->is_regular_file(gone) && !each->is_symlink(gone)) bytes += each->file_size(gone);
  }
  return bytes;
}

struct Known {
  fs::path path;
  timespec used{};
  std::uint64_t bytes = 0;
};

// What is not a copy, or was not used since graft marks that, has the time of its folder and is counted anew.
Known known_of(const fs::path& path) {
  Known known{path};
  struct stat status {};
  const bool marked = ::stat((path / "use").c_str(), &status) == 0;
  if (!marked && ::stat(path.c_str(), &status) != 0) return known;
  known.used = status.st_mtim;
  const std::string words = marked ? read_text(path / "use") : "";
  const auto [end, error] = std::from_chars(words.data(), words.data() + words.size(), known.bytes);
  if (error != std::errc()) known.bytes = bytes_below(path);
  return known;
}

// The least recently used first.
std::vector<Known> copies_in(const fs::path& folder) {
  std::vector<Known> all;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory() && !entry.path().filename().string().starts_with('.'))
      all.push_back(known_of(entry.path()));
  }
  std::sort(all.begin(), all.end(), [](const Known& a, const Known& b) {
    return std::pair(a.used.tv_sec, a.used.tv_nsec) < std::pair(b.used.tv_sec, b.used.tv_nsec);
  });
  return all;
}

// Out of the way at once; it takes time to remove it. False where somebody uses it.
bool set_aside(const Known& copy) {
  if (fs::exists(copy.path / "output")) return false;
  const Descriptor use(::open((copy.path / "use").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (use.fd < 0 || ::flock(use.fd, LOCK_EX | LOCK_NB) != 0) return false;
  std::error_code failed;
  fs::rename(copy.path, copy.path.parent_path() / (kRemoved + copy.path.filename().string()), failed);
  return !failed;
}

}  // namespace

Copy::Copy(const fs::path& folder, const std::string& name) : path_(folder / name), use_(-1) {
  make_folder(folder);
  const Descriptor lock(open_locked(folder / "lock", LOCK_EX, O_CLOEXEC));
  make_folder(path_);
  use_.fd = open_locked(path_ / "use", LOCK_SH, 0);
  ::futimens(use_.fd, nullptr);
}

void Copy::measure() const {
  const std::string words = std::to_string(bytes_below(path_));
  // Of two processes that do so at once each writes what is right.
  if (::ftruncate(use_.fd, 0) != 0 || ::pwrite(use_.fd, words.data(), words.size(), 0) < 0) {
    fail(Kind::unavailable, "cannot write ", (path_ / "use").string(), ": ", system_message());
  }
}

std::size_t prune_copies(const fs::path& folder, std::uint64_t most) {
  std::size_t removed = 0;
  {
    const Descriptor lock(open_locked(folder / "lock", LOCK_EX, O_CLOEXEC));
    const std::vector<Known> all = copies_in(folder);
    std::uint64_t bytes = 0;
    for (const Known& each : all) bytes += each.bytes;
    for (const Known& each : all) {
      if (bytes <= most) break;
      if (!set_aside(each)) continue;
      bytes -= each.bytes;
      ++removed;
    }
  }
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::error_code another_does;
    if (entry.path().filename().string().starts_with(kRemoved)) fs::remove_all(entry.path(), another_does);
  }
  return removed;
}

std::size_t prune_copies(const fs::path& folder) {
  struct statvfs disk {};
  if (::statvfs(folder.c_str(), &disk) != 0) return 0;
  const std::uint64_t free = disk.f_bavail * disk.f_frsize;
  std::uint64_t bytes = 0;
  for (const Known& each : copies_in(folder)) bytes += each.bytes;
  // What is removed becomes free.
  return bytes <= free ? 0 : prune_copies(folder, (bytes + free) / 2);
}

}  // namespace graft
