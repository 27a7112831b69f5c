#include "s3/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "s3/errors.h"

namespace graft::s3 {
namespace {

namespace fs = std::filesystem;

constexpr int kGenerationShift = 36;
// The disk begins to write while the client still sends, so that sync() has little left to wait for.
constexpr std::uint64_t kWriteBehind = 4 << 20;

[[noreturn]] void fail_on(const char* verb, const fs::path& path) {
  if (errno == ENOSPC || errno == EDQUOT) refuse_full();
  fail(Kind::unavailable, "cannot ", verb, " ", path.string(), ": ", system_message());
}

std::string hexadecimal(const char* format, std::uint64_t number) {
  char text[20];
  std::snprintf(text, sizeof text, format, static_cast<unsigned long long>(number));
  return text;
}

void sync_folder(const fs::path& folder) {
  const Descriptor handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (handle.fd < 0 || ::fsync(handle.fd) != 0) fail_on("sync", folder);
}

// Nothing for a name that the store did not give.
FileId id_of(const std::string& name) {
  FileId id = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id, 16);
  return name.size() == 16 && error == std::errc{} && end == name.data() + name.size() ? id : 0;
}

}  // namespace

Files::Files(fs::path folder, std::int64_t generation) : folder_(std::move(folder)), generation_(generation) {
  make_folder(folder_);
}

fs::path Files::path(FileId file) const {
  const auto number = static_cast<std::uint64_t>(file);
  return folder_ / hexadecimal("%02llx", number & 0xff) / hexadecimal("%016llx", number);
}

// Its folder is there.
FileId Files::next() {
  const std::int64_t number = ++count_;
  const FileId id = (generation_ << kGenerationShift) | number;
  // Each of the 256 folders has its turn first with the first 256 files of a start.
  if (number <= 256) {
    make_folder(path(id).parent_path());
    sync_folder(folder_);
  }
  return id;
}

NewFile Files::create() {
  const FileId id = next();
  const int fd = ::open(path(id).c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) fail_on("create", path(id));
  return NewFile(*this, id, fd);
}

NewFile Files::open_at(FileId file, std::uint64_t offset) const {
  const int fd = ::open(path(file).c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) fail_on("open", path(file));
  return NewFile(*this, file, fd, offset, false);
}

void Files::shorten(FileId file, std::uint64_t size) const {
  if (::truncate(path(file).c_str(), static_cast<off_t>(size)) != 0) {
    spdlog::warn("cannot shorten {}: {}", path(file).string(), system_message());
  }
}

NewFile Files::link(FileId file) {
  const FileId id = next();
  if (::link(path(file).c_str(), path(id).c_str()) == 0) {
    NewFile made(*this, id, -1);
    sync_folder(path(id).parent_path());
    return made;
  }
  const auto from = open(file);
  if (!from) fail(Kind::not_found, path(file).string(), " is gone");
  struct stat status;
  if (::fstat(from->fd, &status) != 0) fail_on("read", path(file));
  NewFile copy = create();
  copy.append(*from, 0, static_cast<std::uint64_t>(status.st_size));
  copy.sync();
  return copy;
}

std::shared_ptr<const Descriptor> Files::open(FileId file) const {
  auto handle = std::make_shared<const Descriptor>(::open(path(file).c_str(), O_RDONLY | O_CLOEXEC));
  if (handle->fd >= 0) return handle;
  if (errno != ENOENT) fail_on("read", path(file));
  return nullptr;
}

void Files::remove(FileId file) const {
  if (file == 0) return;
  if (::unlink(path(file).c_str()) != 0 && errno != ENOENT) {
    spdlog::warn("cannot remove {}: {}", path(file).string(), system_message());
  }
}

std::size_t Files::sweep(const std::function<bool(FileId)>& is_named) const {
  std::size_t removed = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
    const FileId id = id_of(entry.path().filename().string());
    if (id == 0 || (id >> kGenerationShift) >= generation_ || is_named(id)) continue;
    remove(id);
    ++removed;
  }
  return removed;
}

NewFile::NewFile(const Files& files, FileId id, int fd, std::uint64_t offset, bool is_new)
    : files_(&files), id_(id), file_(std::make_unique<Descriptor>(fd)), end_(offset), begun_(offset), is_new_(is_new) {}

NewFile::NewFile(NewFile&& other) noexcept
    : files_(std::exchange(other.files_, nullptr)),
      id_(other.id_),
      file_(std::move(other.file_)),
      end_(other.end_),
      begun_(other.begun_),
      is_new_(other.is_new_) {}

NewFile::~NewFile() {
  if (files_ && is_new_) files_->remove(id_);
}

void NewFile::write(ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(file_->fd, bytes.data(), bytes.size(), static_cast<off_t>(end_));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_on("write", files_->path(id_));
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    written(static_cast<std::uint64_t>(count));
  }
}

void NewFile::append(const Descriptor& from, std::uint64_t offset, std::uint64_t length) {
  auto at = static_cast<off_t>(offset);
  while (length > 0) {
    auto to = static_cast<off_t>(end_);
    const ssize_t count = ::copy_file_range(from.fd, &at, file_->fd, &to, std::min<std::uint64_t>(length, 8 << 20), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_on("write", files_->path(id_));
    if (count == 0)
      fail(Kind::internal, "a file ended before the part that is to be copied to ", files_->path(id_).string());
    length -= static_cast<std::uint64_t>(count);
    written(static_cast<std::uint64_t>(count));
  }
}

void NewFile::written(std::uint64_t bytes) {
  end_ += bytes;
  if (end_ - begun_ < kWriteBehind) return;
  ::sync_file_range(file_->fd, static_cast<off_t>(begun_), static_cast<off_t>(end_ - begun_), SYNC_FILE_RANGE_WRITE);
  begun_ = end_;
}

void NewFile::sync() {
  if (::fsync(file_->fd) != 0) fail_on("sync", files_->path(id_));
  sync_folder(files_->path(id_).parent_path());
  file_.reset();
}

}  // namespace graft::s3
