#include "container/channels.h"

#include <algorithm>
#include <array>
#include <map>

#include "archive/unpack_tar.h"
#include "base/error.h"
#include "base/file.h"
#include "container/pipe.h"
#include "data/csv.h"
#include "data/manifest.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRecords = "application/x-recordio";
constexpr std::size_t kMostFiles = 1'000'000;  // looked at for the one that counts

const std::map<std::string, std::string>& names() {
  static const std::map<std::string, std::string> table{
      {"train", "train"},  {"training", "train"}, {"validation", "validation"}, {"test", "test"},
      {"testing", "test"}, {"model", "model"},    {"train_lst", "train_lst"},   {"validation_lst", "validation_lst"}};
  return table;
}

const Channel* find(const std::vector<Channel>& channels, const std::string& name) {
  const auto found = std::find_if(channels.begin(), channels.end(),
                                  [&](const Channel& each) { return names().at(each.name) == name; });
  return found == channels.end() ? nullptr : &*found;
}

// The files of these extensions below a folder, in the order of their names.
std::vector<fs::path> files_below(const fs::path& folder, const std::vector<std::string>& extensions) {
  std::vector<fs::path> found;
  std::size_t looked = 0;
  std::error_code unknown;
  for (const auto& entry : fs::recursive_directory_iterator(folder, unknown)) {
    if (++looked > kMostFiles) break;
    const std::string extension = entry.path().extension().string();
    const bool fits = std::find(extensions.begin(), extensions.end(), extension) != extensions.end();
    if (fits && entry.is_regular_file(unknown)) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

fs::path only_file(const Channel& channel, const fs::path& folder, const std::string& extension) {
  const std::vector<fs::path> found = files_below(folder, {extension});
  require(found.size() == 1, "the channel ", channel.name, " holds ", found.size(), " files that end in ", extension,
          ", and exactly one is wanted");
  return found.front();
}

void check_content_type(const Channel& channel) {
  const std::string& type = channel.content_type;
  require(type.empty() || type == kRecords || type == "application/x-image" || type.starts_with("image/") ||
              type == "application/x-tar" || type == "application/jsonlines" || type == "text/csv",
          "the channel ", channel.name, " has the content type ", type.substr(0, 80),
          ": give application/x-image, application/x-recordio, application/x-tar, application/jsonlines or text/csv");
}

// Paths of such a list are relative to the channel with the images, not to the list.
fs::path with_list(const Channel& list, const fs::path& images, const OptMl& folders, const fs::path& scratch) {
  Listing listing = read_manifest(only_file(list, folders.channel(list.name), ".lst"));
  std::string content = "image,label\n";
  for (std::size_t i = 0; i < listing.files.size(); ++i) {
    const std::string& label = listing.labels[static_cast<std::size_t>(listing.files.label(i))];
    content += csv_field((images / listing.files.name(i)).string()) + "," + csv_field(label) + "\n";
  }
  fs::path rewritten = scratch / (list.name + ".csv");
  write_file(rewritten, content);
  return rewritten;
}

// Pipes have no names, so what comes through one says itself what is a picture and what its label.
fs::path from_pipe(const Channel& channel, const OptMl& folders, const fs::path& scratch) {
  require(channel.wrapped || channel.content_type == kRecords, "the channel ", channel.name,
          " is in Pipe mode, where images have no names and no folders: give ", kRecords,
          " (.rec files, or an augmented manifest with RecordIO as its record wrapper), or File or FastFile mode");
  fs::path spool = scratch / (channel.name + ".rec");
  spool_pipe(folders.channel(channel.name + "_0"), spool);
  return spool;
}

fs::path images_of(const std::vector<Channel>& channels, const std::string& name, const OptMl& folders,
                   const fs::path& scratch) {
  const Channel* channel = find(channels, name);
  const Channel* list = name == "test" ? nullptr : find(channels, name + "_lst");
  require(channel || !list, "there is a channel ", name, "_lst and no channel ", name, " with its images");
  if (!channel) return {};
  check_content_type(*channel);
  require(!list || !(channel->pipe || list->pipe), "the channel ", name,
          "_lst goes with images in File or FastFile mode");
  if (channel->pipe) return from_pipe(*channel, folders, scratch);
  const fs::path folder = folders.channel(channel->name);
  require(fs::is_directory(folder), "the channel ", channel->name, " has no folder ", folder.string());
  if (list) return with_list(*list, folder, folders, scratch);
  return channel->content_type == kRecords ? only_file(*channel, folder, ".rec") : folder;
}

bool is_archive(const fs::path& path) {
  const std::string name = path.filename().string();
  const std::array<std::string_view, 3> ends{".tar.gz", ".tgz", ".tar"};
  return std::any_of(ends.begin(), ends.end(), [&](std::string_view end) { return name.ends_with(end); });
}

void require_one(const std::vector<fs::path>& found, const fs::path& folder) {
  require(found.size() == 1, folder.string(), " holds ", found.size(),
          " files to transfer from, and one is wanted: a bundle, a model.tar.gz, or a file of weights that ends in "
          ".safetensors, .pth, .pt or .h5");
}

}  // namespace

std::vector<Channel> known_channels(std::vector<Channel> channels) {
  std::map<std::string, std::string> taken;
  for (const Channel& channel : channels) {
    const auto found = names().find(channel.name);
    require(found != names().end(), "there is no channel ", channel.name,
            "; there are train, validation, test, model, train_lst and validation_lst");
    const auto [place, is_new] = taken.emplace(found->second, channel.name);
    require(is_new, "the channels ", place->second, " and ", channel.name, " are the same to graft: give one of them");
  }
  require(taken.contains("train"), "there is no channel train: it holds the images to learn from");
  return channels;
}

bool has_channel(const std::vector<Channel>& channels, const std::string& name) {
  return find(channels, name) != nullptr;
}

Inputs prepare(const std::vector<Channel>& channels, const OptMl& folders, const fs::path& scratch) {
  Inputs inputs;
  inputs.train = images_of(channels, "train", folders, scratch);
  inputs.validation = images_of(channels, "validation", folders, scratch);
  inputs.test = images_of(channels, "test", folders, scratch);
  if (const Channel* model = find(channels, "model")) {
    require(!model->pipe, "the channel model is read in File or FastFile mode");
    inputs.model = find_model(folders.channel("model"), scratch);
  }
  return inputs;
}

std::optional<fs::path> find_archive(const fs::path& folder) {
  if (fs::exists(folder / "graft.json")) return {};
  std::vector<fs::path> found = files_below(folder, {".gz", ".tgz", ".tar"});
  std::erase_if(found, [](const fs::path& path) { return !is_archive(path); });
  if (found.empty()) return {};
  require_one(found, folder);
  return found.front();
}

fs::path find_unpacked_model(const fs::path& folder) {
  if (fs::exists(folder / "graft.json")) return folder;
  std::vector<fs::path> found = files_below(folder, {".safetensors", ".pth", ".pt", ".h5", ".hdf5"});
  require_one(found, folder);
  return found.front();
}

fs::path find_model(const fs::path& folder, const fs::path& scratch) {
  const std::optional<fs::path> archive = find_archive(folder);
  if (!archive) return find_unpacked_model(folder);
  unpack_tar(*archive, scratch / "model");
  return find_unpacked_model(scratch / "model");
}

}  // namespace graft
