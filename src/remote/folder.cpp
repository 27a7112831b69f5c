// A prefix to a folder and back.
//
// A file is the same as an object when both have the same size and time, or where the times differ, the same MD5. A
// file that was downloaded has its object's time, unless that was so short ago that it says nothing (new_file.h).
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/printable.h"
#include "base/thread_pool.h"
#include "remote/digests.h"
#include "remote/file_transfer.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kThreads = 8;

using Told = std::function<void(std::uint64_t done, std::uint64_t total)>;

// Adds up what several threads move.
class Sum {
 public:
  Sum(const Told& told, std::uint64_t total) : told_(told), total_(total) {}

  Moving moving() {
    return [this](std::int64_t bytes) {
      const std::lock_guard lock(mutex_);
      done_ += bytes;
      if (told_) told_(static_cast<std::uint64_t>(std::max<std::int64_t>(0, done_)), total_);
    };
  }

 private:
  const Told& told_;
  const std::uint64_t total_;
  std::mutex mutex_;
  std::int64_t done_ = 0;  // guarded by mutex_
};

// Where an object goes below the folder. Where the prefix is its whole key, it is its last name; where the prefix ends
// within a name, it is the rest of the key from the beginning of that name.
std::string relative_name(const std::string& key, const std::string& prefix) {
  if (prefix.empty() || prefix.ends_with('/')) return key.substr(prefix.size());
  if (key.size() > prefix.size() && key[prefix.size()] == '/') return key.substr(prefix.size() + 1);
  const std::size_t slash = prefix.rfind('/');
  return key.substr(slash == std::string::npos ? 0 : slash + 1);
}

void check_name(const S3Path& object, const std::string& relative) {
  std::string_view rest = relative;
  while (true) {
    const std::string_view part = rest.substr(0, rest.find('/'));
    const bool last = part.size() == rest.size();
    const bool good = part != "." && part != ".." && part.find('\0') == std::string_view::npos &&
                      (!part.empty() || (last && rest.data() != relative.data()));
    require(good, printable(name(object)), ": no file below a folder can have this name");
    if (last) return;
    rest.remove_prefix(part.size() + 1);
  }
}

struct Item {
  RemoteObject object;
  fs::path file;  // absolute, or relative to where we are
};

// What the folder will hold; throws on names that a folder cannot hold together.
class Plan {
 public:
  Plan(const S3Path& prefix, fs::path folder) : prefix_(prefix), folder_(std::move(folder)) {}

  void add(const RemoteObject& object) {
    const S3Path path{prefix_.bucket, object.key};
    std::string relative = relative_name(object.key, prefix_.key);
    if (relative.empty()) {
      require(object.size == 0, name(path), ": no file below a folder can have this name");
      return;
    }
    check_name(path, relative);
    const bool marker = relative.ends_with('/');
    if (marker) {
      require(object.size == 0, printable(name(path)), " ends in '/' and has content: a folder on disk has none");
      relative.pop_back();
    }
    add_folders(relative, marker);
    if (marker) return;
    files_.insert(relative);
    items_.push_back({object, folder_ / relative});
  }

  // Removes what the folder holds besides.
  void prune() const {
    if (!fs::exists(folder_)) return;
    std::vector<fs::path> others;
    for (auto entry = fs::recursive_directory_iterator(folder_); entry != fs::recursive_directory_iterator(); ++entry) {
      const std::string relative = entry->path().lexically_relative(folder_).string();
      const bool folder = entry->is_directory() && !entry->is_symlink();
      if ((folder ? folders_ : files_).contains(relative)) continue;
      others.push_back(entry->path());
      if (folder) entry.disable_recursion_pending();
    }
    for (const fs::path& each : others) fs::remove_all(each);
  }

  // Makes the folders.
  const std::vector<Item>& finish() {
    for (const std::string& each : folders_) {
      require(!files_.contains(each), name(prefix_), ": ", printable(each),
              " is an object and a folder of others; on disk it can be one of them");
    }
    make_folder(folder_);
    for (const std::string& each : folders_) make_folder(folder_ / each);
    return items_;
  }

 private:
  void add_folders(const std::string& relative, bool itself) {
    if (itself) folders_.insert(relative);
    for (std::size_t slash = relative.rfind('/'); slash != std::string::npos && slash > 0;
         slash = relative.rfind('/', slash - 1)) {
      if (!folders_.insert(relative.substr(0, slash)).second) break;
    }
  }

  const S3Path& prefix_;
  const fs::path folder_;
  std::vector<Item> items_{};
  std::set<std::string> files_{}, folders_{};
};

bool same_content(const fs::path& file, const RemoteObject& object) {
  return !object.etag.empty() && expected_etag(file) == object.etag;
}

bool is_there(const Item& item) {
  struct stat status {};
  if (::lstat(item.file.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
  if (static_cast<std::uint64_t>(status.st_size) != item.object.size) return false;
  return status.st_mtim.tv_sec == item.object.modified || same_content(item.file, item.object);
}

std::uint64_t size_of(const std::vector<Item>& items) {
  std::uint64_t total = 0;
  for (const Item& item : items) total += item.object.size;
  return total;
}

// Files below the folder with the keys they get, in order.
std::vector<Item> files_below(const fs::path& folder, const std::string& prefix) {
  std::vector<Item> items;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_directory()) {
      require(!entry.is_symlink(), entry.path().string(), " is a link to a folder, which an object store has not");
      continue;
    }
    require(entry.is_regular_file(), entry.path().string(), " is not a file");
    const std::string relative = entry.path().lexically_relative(folder).string();
    items.push_back({{.key = prefix + relative, .size = entry.file_size()}, entry.path()});
  }
  std::sort(items.begin(), items.end(), [](const Item& a, const Item& b) { return a.object.key < b.object.key; });
  return items;
}

// Those that the store does not hold as they are.
std::vector<Item> differing(std::vector<Item> items, const std::map<std::string, RemoteObject>& stored) {
  std::vector<char> same(items.size());
  parallel_for(items.size(), available_cores(), [&](std::size_t i) {
    const auto found = stored.find(items[i].object.key);
    same[i] = found != stored.end() && found->second.size == items[i].object.size &&
              same_content(items[i].file, found->second);
  });
  std::vector<Item> left;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!same[i]) left.push_back(std::move(items[i]));
  }
  return left;
}

Moved bring(const S3Settings& settings, const S3Path& prefix, const fs::path& folder, const Told& progress,
            bool mirror) {
  Plan plan(prefix, folder);
  list_objects(settings, prefix, [&](const RemoteObject& object) { plan.add(object); });
  if (mirror) plan.prune();
  const std::vector<Item>& all = plan.finish();
  std::vector<char> there(all.size());
  parallel_for(all.size(), available_cores(), [&](std::size_t i) { there[i] = is_there(all[i]); });
  std::vector<Item> missing;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!there[i]) missing.push_back(all[i]);
  }
  const Moved moved{missing.size(), size_of(missing), all.size()};
  Sum sum(progress, moved.bytes);
  const Moving moving = sum.moving();
  parallel_for(missing.size(), kThreads, [&](std::size_t i) {
    download_file(settings, {prefix.bucket, missing[i].object.key}, missing[i].file, false, moving);
  });
  return moved;
}

}  // namespace

Moved download_folder(const S3Settings& settings, const S3Path& prefix, const fs::path& folder, const Told& progress) {
  return bring(settings, prefix, folder, progress, false);
}

Moved mirror_folder(const S3Settings& settings, const S3Path& prefix, const fs::path& folder, const Told& progress) {
  return bring(settings, prefix, folder, progress, true);
}

bool download_changed(const S3Settings& settings, const S3Path& path, const fs::path& file, const Told& progress) {
  const auto object = find_object(settings, path);
  if (!object) throw Error(Kind::not_found, "NoSuchKey", text("there is no object ", name(path)));
  if (is_there({*object, file})) return false;
  Sum sum(progress, object->size);
  download_file(settings, path, file, true, sum.moving());
  return true;
}

void upload(const S3Settings& settings, const fs::path& file, const S3Path& path, const Told& progress) {
  std::error_code unknown;
  const std::uintmax_t size = fs::file_size(file, unknown);
  Sum sum(progress, unknown ? 0 : size);
  upload_file(settings, file, path, sum.moving());
}

Moved upload_folder(const S3Settings& settings, const fs::path& folder, const S3Path& prefix, const Told& progress) {
  require(fs::is_directory(folder), folder.string(), " is not a folder");
  const S3Path below{prefix.bucket, prefix.key.empty() || prefix.key.ends_with('/') ? prefix.key : prefix.key + "/"};
  std::vector<Item> files = files_below(folder, below.key);
  std::map<std::string, RemoteObject> stored;
  list_objects(settings, below, [&](const RemoteObject& object) { stored.emplace(object.key, object); });
  const std::size_t all = files.size();
  const std::vector<Item> items = differing(std::move(files), stored);
  const Moved moved{items.size(), size_of(items), all};
  Sum sum(progress, moved.bytes);
  const Moving moving = sum.moving();
  parallel_for(items.size(), kThreads, [&](std::size_t i) {
    upload_file(settings, items[i].file, {prefix.bucket, items[i].object.key}, moving);
  });
  return moved;
}

}  // namespace graft
