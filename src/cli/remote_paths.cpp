#include "cli/remote_paths.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>

#include "archive/unpack_tar.h"
#include "base/descriptor.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/machine.h"
#include "cli/remote_folder.h"
#include "container/channels.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

// A file that one process has to itself as long as this lives.
class Lock {
 public:
  // Waits for another process that has it, or throws Kind::conflict with `taken`.
  explicit Lock(const fs::path& file, const std::string& taken = {})
      : file_(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
    if (file_.fd >= 0 && ::flock(file_.fd, taken.empty() ? LOCK_EX : LOCK_EX | LOCK_NB) == 0) return;
    if (errno == EWOULDBLOCK) fail(Kind::conflict, taken);
    fail(Kind::denied, "cannot write ", file.string(), ": ", system_message());
  }

 private:
  Descriptor file_;
};

// Where all copies are.
fs::path copies_folder() {
  require(!cache_folder().empty(), "there is no place for copies of s3:// paths: set GRAFT_CACHE to a folder");
  return cache_folder() / "s3";
}

S3Path folder_of(S3Path path) {
  if (!path.key.empty() && !path.key.ends_with('/')) path.key += '/';
  return path;
}

std::string last_name(const S3Path& path) {
  const std::size_t slash = path.key.rfind('/');
  return path.key.substr(slash == std::string::npos ? 0 : slash + 1);
}

void mirror(const S3Settings& settings, const S3Path& path, const fs::path& folder) {
  const S3Path prefix = folder_of(path);
  if (mirror_folder(settings, prefix, folder, show_bytes("download")).all == 0) {
    fail(Kind::not_found, "there is nothing at ", name(path));
  }
}

// The object of this very name as a file, or what lies below it as a folder.
fs::path copy_of(const S3Settings& settings, const S3Path& path, const fs::path& entry) {
  const Lock lock(entry / "lock");
  if (!path.key.empty() && !path.key.ends_with('/') && find_object(settings, path)) {
    const fs::path file = entry / "file" / last_name(path);
    make_folder(file.parent_path());
    download_changed(settings, path, file, show_bytes("download"));
    return file;
  }
  mirror(settings, path, entry / "folder");
  return entry / "folder";
}

void replace_all(std::string& words, const std::string& old, const std::string& by) {
  for (std::size_t at = words.find(old); at != std::string::npos; at = words.find(old, at + by.size())) {
    words.replace(at, old.size(), by);
  }
}

// Each content is unpacked once, and into a folder of its own: a folder of its name is whole.
fs::path unpack_once(const fs::path& archive, const fs::path& entry) {
  const Lock lock(entry / "lock");
  const std::string content = hex(sha256(MappedFile(archive).bytes())).substr(0, 16);
  fs::path unpacked = entry / ("unpacked-" + content);
  if (fs::exists(unpacked)) return unpacked;
  const fs::path unfinished = entry / "unfinished";
  fs::remove_all(unfinished);
  unpack_tar(archive, unfinished);
  for (const auto& older : fs::directory_iterator(entry)) {
    if (older.path().filename().string().starts_with("unpacked-")) fs::remove_all(older.path());
  }
  fs::rename(unfinished, unpacked);
  return unpacked;
}

}  // namespace

void refuse_remote(const fs::path& path, const char* what) {
  require(!is_s3(path.string()), what, " is a folder of this machine, not ", path.string());
}

const S3Settings& RemotePaths::settings() {
  if (!settings_) settings_ = s3_settings(endpoint_);
  return *settings_;
}

// Named by what is asked of whom.
fs::path RemotePaths::entry(const fs::path& path) {
  const std::string who = text(settings().endpoint, "\n", path.string());
  used_.push_back(std::make_shared<const Copy>(copies_folder(), hex(sha256(as_bytes(who))).substr(0, 24)));
  return used_.back()->path();
}

// What was fetched may be more than there is room for beside others.
void RemotePaths::keep_bounded() const {
  for (const auto& copy : used_) copy->measure();
  prune_copies(copies_folder());
}

fs::path RemotePaths::images(const fs::path& path) {
  if (!is_s3(path.string())) return path;
  const S3Path remote = parse_s3(path.string());
  inputs_.push_back({copy_of(settings(), remote, entry(path)), remote, {}});
  keep_bounded();
  return inputs_.back().local;
}

fs::path RemotePaths::model(const fs::path& path) {
  if (!is_s3(path.string())) return path;
  const fs::path place = entry(path), copy = images(path);
  const bool folder = fs::is_directory(copy);
  const std::optional<fs::path> archive = folder                           ? find_archive(copy)
                                          : is_archive_name(copy.string()) ? std::optional(copy)
                                                                           : std::nullopt;
  fs::path found = copy;
  if (archive) found = unpack_once(*archive, place);
  if (folder || archive) found = find_unpacked_model(found);
  keep_bounded();
  inputs_.back().local = found;
  return found;
}

std::vector<RemotePaths::File> RemotePaths::files(const std::vector<fs::path>& paths) {
  std::vector<File> all;
  for (const fs::path& path : paths) {
    const fs::path local = images(path);
    if (local == path || !fs::is_directory(local)) {
      all.push_back({path.string(), local});
      continue;
    }
    std::vector<File> below;
    for (const auto& each : fs::recursive_directory_iterator(local)) {
      if (each.is_regular_file()) below.push_back({shown(each.path().string()), each.path()});
    }
    std::sort(below.begin(), below.end(), [](const File& a, const File& b) { return a.shown < b.shown; });
    all.insert(all.end(), below.begin(), below.end());
  }
  return all;
}

fs::path RemotePaths::output(const fs::path& path, bool keep) {
  if (!is_s3(path.string())) return path;
  const S3Path remote = parse_s3(path.string());
  require(!remote.key.empty(), path.string(), " is a whole bucket: name a place in it, such as ", name(remote),
          "model");
  const fs::path place = entry(path), local = place / "output";
  auto lock = std::make_shared<const Lock>(
      place / "output.lock", text("another command writes to ", name(remote), ": wait until it has ended"));
  if (!keep) fs::remove_all(local);
  outputs_.push_back({local, remote, std::move(lock)});
  return local;
}

void RemotePaths::send() {
  for (const Stand& each : outputs_) {
    push_folder(settings(), each.local, each.remote);
    fs::remove_all(each.local);
  }
  outputs_.clear();
}

std::string RemotePaths::shown(std::string words) const {
  for (const std::vector<Stand>* all : {&inputs_, &outputs_}) {
    for (const Stand& each : *all) {
      std::string remote = name(each.remote);
      if (remote.ends_with('/')) remote.pop_back();
      replace_all(words, each.local.string(), remote);
    }
  }
  return words;
}

std::shared_ptr<RemotePaths> add_remote_paths(CLI::App* command) {
  auto paths = std::make_shared<RemotePaths>();
  command->add_option("--s3-endpoint", paths->endpoint_, "Where s3:// paths lead [$AWS_ENDPOINT_URL_S3, AWS]")
      ->type_name("URL");
  return paths;
}

}  // namespace graft
