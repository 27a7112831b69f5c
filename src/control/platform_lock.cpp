#include "control/platform_lock.h"

#include <fcntl.h>
#include <unistd.h>

#include <ctime>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMostNote = 64 << 10;

fs::path note_file(const fs::path& folder) {
  return folder / "platform.json";
}

int open_note(const fs::path& folder) {
  make_platform_folder(folder);
  const int fd = ::open(note_file(folder).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) fail(Kind::unavailable, note_file(folder).string(), ": ", system_message());
  return fd;
}

// Of the whole file, and of who opened it: a child that inherits the file has the lock too.
struct flock whole_file() {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

// Empty where it is being written now.
PlatformNote read_note(const fs::path& file) {
  try {
    const Json json = parse_json(read_text(file, kMostNote), file.string());
    return {field<std::int64_t>(json, "pid", file.string()), field<std::int64_t>(json, "started", file.string()),
            field<std::string>(json, "url", file.string()), field<std::string>(json, "local_url", file.string())};
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

void make_platform_folder(const fs::path& folder) {
  std::error_code error;
  if (fs::exists(folder, error)) return;
  make_folder(folder);
  fs::permissions(folder, fs::perms::owner_all, error);
}

PlatformLock::PlatformLock(const fs::path& folder) : file_(note_file(folder)), file_descriptor_(open_note(folder)) {
  const struct flock lock = whole_file();
  if (::fcntl(file_descriptor_.fd, F_OFD_SETLK, &lock) != 0) {
    const PlatformNote other = read_note(file_);
    fail(Kind::conflict, folder.string(), ": another platform uses this folder, as process ", other.pid, " at ",
         other.url.empty() ? "an address it does not have yet" : other.url, "; `graft down` ends it");
  }
  note_ = {.pid = ::getpid(), .started = std::time(nullptr)};
  write(note_);
}

void PlatformLock::listens(const std::string& url, const std::string& local_url) {
  note_.url = url;
  note_.local_url = local_url;
  write(note_);
}

// In place: a new file would not be locked.
void PlatformLock::write(const PlatformNote& note) {
  const std::string text =
      OrderedJson{{"pid", note.pid}, {"started", note.started}, {"url", note.url}, {"local_url", note.local_url}}
          .dump() +
      '\n';
  if (::ftruncate(file_descriptor_.fd, 0) != 0 ||
      ::pwrite(file_descriptor_.fd, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    fail(Kind::unavailable, file_.string(), ": ", system_message());
  }
}

std::optional<PlatformNote> find_platform(const fs::path& folder) {
  const Descriptor file(::open(note_file(folder).c_str(), O_RDONLY | O_CLOEXEC));
  struct flock lock = whole_file();
  if (file.fd < 0 || ::fcntl(file.fd, F_OFD_GETLK, &lock) != 0 || lock.l_type == F_UNLCK) return std::nullopt;
  return read_note(note_file(folder));
}

}  // namespace graft
