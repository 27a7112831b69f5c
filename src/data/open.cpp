#include "data/open.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "base/error.h"
#include "data/image_folder.h"
#include "data/image_tar.h"
#include "data/manifest.h"
#include "data/recordio.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 7> kFileExtensions{".csv",  ".jsonl", ".manifest", ".lst",
                                                          ".json", ".tar",   ".rec"};
constexpr std::array<std::string_view, 2> kTrain{"train", "training"};
constexpr std::array<std::string_view, 3> kValidation{"validation", "valid", "val"};
constexpr std::array<std::string_view, 2> kTest{"test", "testing"};

template <typename Words>
bool is_among(const Words& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// What can be a dataset of its own in a folder, or in a folder inside a tar.
struct Inside {
  std::vector<fs::path> folders, files;  // files: lists, tars and records
};

Inside look_inside(const fs::path& path) {
  Inside inside;
  if (const auto tar = through_tar(path)) {
    const TarPath root = image_root(*tar);
    for (const std::string& name : image_subfolders(root)) inside.folders.push_back(root.path() / name);
  } else if (fs::is_directory(path)) {
    std::error_code unknown;  // what cannot be looked at is none of them; who lists the folder says so
    for (const auto& entry : fs::directory_iterator(path, unknown)) {
      const fs::path& found = entry.path();
      if (found.filename().string().starts_with('.')) continue;
      if (entry.is_directory(unknown)) inside.folders.push_back(found);
      if (is_among(kFileExtensions, found.extension().string()) && entry.is_regular_file(unknown))
        inside.files.push_back(found);
    }
    std::sort(inside.folders.begin(), inside.folders.end());  // so that messages do not depend on the disk
    std::sort(inside.files.begin(), inside.files.end());
  }
  return inside;
}

// The folder, list or tar that is called one of `names`; empty when there is none.
fs::path find_split(const Inside& inside, std::span<const std::string_view> names) {
  fs::path found;
  const auto consider = [&](const fs::path& path, const fs::path& name) {
    if (!is_among(names, name.string())) return;
    require(found.empty(), path.parent_path().string(), ": both ", found.filename().string(), " and ",
            path.filename().string(), " are there, and only one of them can be used");
    found = path;
  };
  for (const fs::path& folder : inside.folders) consider(folder, folder.filename());
  for (const fs::path& file : inside.files) consider(file, file.stem());
  return found;
}

struct SplitPaths {
  fs::path train, validation, test;
};

// A label may be called "train"; splits are what has a train beside a validation or a test, or alone.
std::optional<SplitPaths> find_splits(const Inside& inside) {
  SplitPaths paths{find_split(inside, kTrain), find_split(inside, kValidation), find_split(inside, kTest)};
  if (paths.train.empty()) return {};
  if (!paths.validation.empty() || !paths.test.empty()) return paths;
  const bool alone = inside.folders.empty() || inside.folders == std::vector{paths.train};
  const bool is_file = std::find(inside.files.begin(), inside.files.end(), paths.train) != inside.files.end();
  return alone || is_file ? std::optional(paths) : std::nullopt;
}

// A folder that holds one list, tar or file of records, and no folder, stands for it.
fs::path dataset_at(const fs::path& path) {
  if (!fs::is_directory(path)) return path;
  const Inside inside = look_inside(path);
  return inside.folders.empty() && inside.files.size() == 1 ? inside.files[0] : path;
}

// What lies at `path`; it has places where that is a file of records.
RecordIndex list(const fs::path& path) {
  if (const auto tar = through_tar(path)) return {list_image_tar(*tar), {}};
  if (!fs::exists(path)) fail(Kind::not_found, path.string(), ": there is no such folder, list or tar");
  if (is_record_file(path)) return open_records(path);
  return {fs::is_directory(path) ? list_image_folder(path) : read_manifest(path), {}};
}

DatasetPtr make(const fs::path& path, RecordIndex found) {
  return is_record_file(path) ? make_record_dataset(path, std::move(found)) : make_dataset(std::move(found.listing));
}

void refuse_splits(const fs::path& path) {
  const auto splits = find_splits(look_inside(path));
  require(!splits, path.string(), ": this holds splits; name one of them, such as ",
          splits ? splits->train.string() : "");
}

// Keeps the tar that `path` goes through, so that it is indexed once however often it is looked into.
TarPtr hold_tar(const fs::path& path) {
  const auto tar = through_tar(path);
  return tar ? open_tar(tar->file) : nullptr;
}

DatasetPtr open_measured(const fs::path& path, const std::vector<std::string>& labels) {
  return path.empty() ? nullptr : open_dataset(path, labels);
}

}  // namespace

DatasetPtr open_dataset(const fs::path& given) {
  const fs::path path = dataset_at(given);
  const TarPtr tar = hold_tar(path);
  refuse_splits(path);
  RecordIndex found = list(path);
  require(found.listing.labels.size() > 1, path.string(), ": every image has the label \"", found.listing.labels[0],
          "\"; learning takes two labels or more");
  return make(path, std::move(found));
}

DatasetPtr open_dataset(const fs::path& given, const std::vector<std::string>& labels) {
  const fs::path path = dataset_at(given);
  const TarPtr tar = hold_tar(path);
  refuse_splits(path);
  RecordIndex found = list(path);
  use_labels(found.listing, labels, path.string());
  return make(path, std::move(found));
}

Splits open_splits(const fs::path& given) {
  const fs::path path = dataset_at(given);
  const TarPtr tar = hold_tar(path);
  const auto paths = find_splits(look_inside(path));
  if (!paths) return {open_dataset(path), nullptr, nullptr};
  const DatasetPtr train = open_dataset(paths->train);
  return {train, open_measured(paths->validation, train->labels()), open_measured(paths->test, train->labels())};
}

Splits open_splits(const fs::path& train, const fs::path& validation, const fs::path& test) {
  Splits splits = open_splits(train);
  const std::vector<std::string>& labels = splits.train->labels();
  if (!validation.empty()) splits.validation = open_dataset(validation, labels);
  if (!test.empty()) splits.test = open_dataset(test, labels);
  return splits;
}

bool is_image_folder(const fs::path& path) {
  return fs::is_directory(dataset_at(path));
}

}  // namespace graft
