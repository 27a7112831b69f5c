#include "data/image_tar.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "data/image_folder.h"

namespace graft {
namespace {

constexpr std::size_t kMaxLabels = 100'000;

bool is_hidden(std::string_view name) {
  return name.starts_with('.') || name.find("/.") != std::string_view::npos;
}

// The members below a folder of a tar, by names relative to it, without hidden ones.
class Below {
 public:
  explicit Below(const TarPath& at) : tar_(open_tar(at.file)), prefix_(at.inside.empty() ? "" : at.inside + "/") {
    const TarIndex& index = tar_->index();
    for (std::size_t i = index.lower_bound(prefix_); i < index.size() && index.name(i).starts_with(prefix_); ++i) {
      if (!is_hidden(name(i)) || index.member(i).obstacle == TarObstacle::odd_name) members_.push_back(i);
    }
    require(prefix_.empty() || !members_.empty(), at.path().string(), ": the tar holds no such folder");
  }

  const std::vector<std::size_t>& members() const { return members_; }
  std::string_view name(std::size_t i) const { return tar_->index().name(i).substr(prefix_.size()); }
  TarObstacle obstacle(std::size_t i) const { return tar_->index().member(i).obstacle; }
  bool is_image(std::size_t i) const { return obstacle(i) == TarObstacle::none && is_image_name(name(i)); }

 private:
  TarPtr tar_;
  std::string prefix_;
  std::vector<std::size_t> members_;
};

std::string_view folder_of(std::string_view name) {
  return name.substr(0, std::min(name.size(), name.rfind('/') + 1));  // with its slash
}

// The longest folder, with its slash, that all images are in, and whether each lies directly in it.
struct Common {
  std::string folder;
  bool flat = true;
};

Common common_folder(const Below& below) {
  Common common;
  bool first = true;
  for (std::size_t i : below.members()) {
    if (!below.is_image(i)) continue;
    const std::string_view folder = folder_of(below.name(i));
    if (first) common.folder = folder;
    first = false;
    common.flat = common.flat && folder == common.folder;
    while (!folder.starts_with(common.folder)) {
      common.folder.pop_back();
      common.folder = folder_of(common.folder);
    }
  }
  return common;
}

std::string ignored_name(const Below& below, std::size_t i) {
  const TarObstacle obstacle = below.obstacle(i);
  return printable(below.name(i)) + (obstacle == TarObstacle::none ? "" : text(" (", words_of(obstacle), ")"));
}

// What lies beside the folders that were passed over on the way from `at` to `root`.
void add_outside(const TarPath& at, const TarPath& root, Ignored& ignored) {
  if (at.inside == root.inside) return;
  const std::string top = root.inside.substr(at.inside.empty() ? 0 : at.inside.size() + 1) + "/";
  const Below below(at);
  for (std::size_t i : below.members()) {
    if (!below.name(i).starts_with(top)) ignored.add(ignored_name(below, i));
  }
}

}  // namespace

TarPath image_root(const TarPath& at) {
  const Common common = common_folder(Below(at));
  std::string folder = common.folder;
  if (!folder.empty()) folder.pop_back();
  if (common.flat) folder = folder.substr(0, std::min(folder.size(), folder.rfind('/') + 1));  // it is a label
  return {at.file, normal_member(at.inside + "/" + folder)};
}

std::vector<std::string> image_subfolders(const TarPath& at) {
  const Below below(at);
  std::vector<std::string> folders;
  for (std::size_t i : below.members()) {
    const std::size_t slash = below.name(i).find('/');
    if (slash == std::string_view::npos || !below.is_image(i)) continue;
    const std::string_view folder = below.name(i).substr(0, slash);
    if (folders.empty() || folders.back() != folder) folders.emplace_back(folder);
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

Listing list_image_tar(const TarPath& at) {
  const TarPath root = image_root(at);
  const std::string source = root.path().string();
  Listing listing;
  listing.root = source;
  add_outside(at, root, listing.ignored);
  const Below below(root);
  std::map<std::string, std::vector<std::size_t>> labels;  // their images, in the order of names
  for (std::size_t i : below.members()) {
    const std::string_view name = below.name(i);
    const std::size_t slash = name.find('/');
    if (slash != std::string_view::npos && below.is_image(i)) {
      labels[std::string(name.substr(0, slash))].push_back(i);
    } else {
      listing.ignored.add(ignored_name(below, i));
    }
  }
  require(!labels.empty(), source,
          ": there are no images in folders; a tar holds the .jpg, .png, .webp, .gif or .bmp images of each label in a "
          "folder with the label's name");
  require(labels.size() <= kMaxLabels, source, ": more than ", kMaxLabels, " folders of images");
  for (const auto& [label, images] : labels) {
    check_label(label, source);
    for (std::size_t i : images) listing.files.add(below.name(i), static_cast<int>(listing.labels.size()));
    listing.labels.push_back(label);
  }
  return listing;
}

}  // namespace graft
