#include "data/open.h"

#include <array>
#include <optional>
#include <span>

#include "base/error.h"
#include "data/image_folder.h"
#include "data/manifest.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 5> kListExtensions{".csv", ".jsonl", ".manifest", ".lst", ".json"};
constexpr std::array<std::string_view, 2> kTrain{"train", "training"};
constexpr std::array<std::string_view, 3> kValidation{"validation", "valid", "val"};
constexpr std::array<std::string_view, 2> kTest{"test", "testing"};

// The folder or list in `folder` that is called one of `names`; empty when there is none.
fs::path find_split(const fs::path& folder, std::span<const std::string_view> names) {
  fs::path found;
  const auto consider = [&](const fs::path& path) {
    require(found.empty(), folder.string(), ": both ", found.filename().string(), " and ", path.filename().string(),
            " are there, and only one of them can be used");
    found = path;
  };
  for (std::string_view name : names) {
    if (fs::is_directory(folder / name)) consider(folder / name);
    for (std::string_view extension : kListExtensions) {
      const fs::path list = folder / (std::string(name) + std::string(extension));
      if (fs::is_regular_file(list)) consider(list);
    }
  }
  return found;
}

struct SplitPaths {
  fs::path train, validation, test;
};

// A label may be called "train"; splits are what has a train beside a validation or a test, or alone.
std::optional<SplitPaths> find_splits(const fs::path& folder) {
  if (!fs::is_directory(folder)) return {};
  SplitPaths paths{find_split(folder, kTrain), find_split(folder, kValidation), find_split(folder, kTest)};
  if (paths.train.empty()) return {};
  if (!paths.validation.empty() || !paths.test.empty() || fs::is_regular_file(paths.train)) return paths;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory() && entry.path() != paths.train && !entry.path().filename().string().starts_with('.'))
      return {};
  }
  return paths;
}

Listing list(const fs::path& path) {
  if (!fs::exists(path)) fail(Kind::not_found, path.string(), ": there is no such folder or list");
  return fs::is_directory(path) ? list_image_folder(path) : read_manifest(path);
}

void refuse_splits(const fs::path& path) {
  const auto splits = find_splits(path);
  require(!splits, path.string(), ": this folder holds splits; name one of them, such as ",
          splits ? splits->train.string() : "");
}

DatasetPtr open_measured(const fs::path& path, const std::vector<std::string>& labels) {
  return path.empty() ? nullptr : open_dataset(path, labels);
}

}  // namespace

DatasetPtr open_dataset(const fs::path& path) {
  refuse_splits(path);
  Listing listing = list(path);
  require(listing.labels.size() > 1, path.string(), ": every image has the label \"", listing.labels[0],
          "\"; learning takes two labels or more");
  return make_dataset(std::move(listing));
}

DatasetPtr open_dataset(const fs::path& path, const std::vector<std::string>& labels) {
  refuse_splits(path);
  Listing listing = list(path);
  use_labels(listing, labels, path.string());
  return make_dataset(std::move(listing));
}

Splits open_splits(const fs::path& path) {
  const auto paths = find_splits(path);
  if (!paths) return {open_dataset(path), nullptr, nullptr};
  const DatasetPtr train = open_dataset(paths->train);
  return {train, open_measured(paths->validation, train->labels()), open_measured(paths->test, train->labels())};
}

}  // namespace graft
