#include "data/image_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <numeric>
#include <set>

#include "base/error.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxLabels = 100'000;
constexpr std::size_t kMaxFiles = 1'000'000'000;
constexpr std::array<std::string_view, 6> kExtensions{"jpg", "jpeg", "png", "webp", "gif", "bmp"};

enum class EntryType { file, folder, other };

struct Entry {
  std::string_view name;  // valid until the next entry is read
  EntryType type;
};

// Entries of one folder, hidden ones left out. Stats a file only where the file system does not tell its type.
class FolderReader {
 public:
  explicit FolderReader(const fs::path& path) : folder_(::opendir(path.c_str()), &::closedir) {
    if (folder_) return;
    fail(errno == ENOENT ? Kind::not_found : Kind::denied, "cannot list ", path.string(), ": ", system_message());
  }

  // Which folder it is, whatever the path it was reached by.
  std::pair<dev_t, ino_t> identity() const {
    struct stat status = {};
    ::fstat(::dirfd(folder_.get()), &status);
    return {status.st_dev, status.st_ino};
  }

  bool next(Entry& entry) {
    while (const dirent* found = ::readdir(folder_.get())) {
      if (found->d_name[0] == '.') continue;
      entry = {found->d_name, type_of(*found)};
      return true;
    }
    return false;
  }

 private:
  EntryType type_of(const dirent& found) const {
    if (found.d_type == DT_REG) return EntryType::file;
    if (found.d_type == DT_DIR) return EntryType::folder;
    if (found.d_type != DT_LNK && found.d_type != DT_UNKNOWN) return EntryType::other;
    struct stat status;
    if (::fstatat(::dirfd(folder_.get()), found.d_name, &status, 0) != 0) return EntryType::other;
    return S_ISREG(status.st_mode) ? EntryType::file : S_ISDIR(status.st_mode) ? EntryType::folder : EntryType::other;
  }

  std::unique_ptr<DIR, int (*)(DIR*)> folder_;
};

// Adds the names of the images below root/label, in the order they are found.
void walk(const fs::path& root, const std::string& label, FileTable& names, Ignored& ignored) {
  std::vector<std::string> pending{label};
  std::set<std::pair<dev_t, ino_t>> seen;
  while (!pending.empty()) {
    const std::string folder = std::move(pending.back());
    pending.pop_back();
    FolderReader reader(root / folder);
    if (!seen.insert(reader.identity()).second) continue;
    for (Entry entry; reader.next(entry);) {
      std::string name = folder + "/";
      name += entry.name;
      if (entry.type == EntryType::folder) {
        pending.push_back(std::move(name));
      } else if (entry.type == EntryType::file && is_image_name(entry.name)) {
        names.add(name, 0);
      } else {
        ignored.add(printable(name) + (entry.type == EntryType::other ? " (a broken link, or not a file)" : ""));
      }
    }
  }
}

// The images below root/label become the files of the listing's next label.
void add_label(Listing& listing, const std::string& label) {
  FileTable names;
  walk(listing.root, label, names, listing.ignored);
  if (names.size() == 0) return listing.ignored.add(printable(label) + "/ (a folder without images)");
  check_label(label, listing.root.string());
  std::vector<std::uint32_t> order(names.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return names.name(a) < names.name(b); });
  const int number = static_cast<int>(listing.labels.size());
  for (std::uint32_t i : order) listing.files.add(names.name(i), number);
  require(listing.files.size() <= kMaxFiles, listing.root.string(), ": more than ", kMaxFiles, " images");
  listing.labels.push_back(label);
}

// The sub-folders of `root`, sorted. What lies beside them goes to `ignored`.
std::vector<std::string> subfolders(const fs::path& root, Ignored& ignored, bool& images_beside) {
  std::vector<std::string> folders;
  FolderReader reader(root);
  for (Entry entry; reader.next(entry);) {
    if (entry.type == EntryType::folder) {
      folders.emplace_back(entry.name);
    } else {
      ignored.add(printable(entry.name));
      images_beside = images_beside || is_image_name(entry.name);
    }
  }
  require(folders.size() <= kMaxLabels, root.string(), ": more than ", kMaxLabels, " sub-folders");
  std::sort(folders.begin(), folders.end());
  return folders;
}

}  // namespace

bool is_image_name(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || name.size() - dot > 5) return false;
  std::string extension(name.substr(dot + 1));
  for (char& c : extension) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c);
  return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

Listing list_image_folder(const fs::path& folder) {
  Listing listing;
  listing.root = folder;
  bool images_beside = false;
  for (const std::string& label : subfolders(folder, listing.ignored, images_beside)) add_label(listing, label);
  require(!listing.labels.empty() || !images_beside, folder.string(),
          ": there are images but no label; put the images of each label into a sub-folder with the label's name");
  require(!listing.labels.empty(), folder.string(),
          ": there are no images; put the .jpg, .png, .webp, .gif or .bmp images of each label into a sub-folder with "
          "the label's name");
  return listing;
}

}  // namespace graft
