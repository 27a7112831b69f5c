#include "runner/inputs.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/printable.h"
#include "base/random.h"
#include "base/thread_pool.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxManifest = 256 << 20;
constexpr std::size_t kMostObjects = 10'000'000;
constexpr std::size_t kThreads = 8;

// Where an object of a prefix goes: as download_folder() has it.
std::string relative_name(const std::string& key, const std::string& prefix) {
  if (key.size() > prefix.size() && key[prefix.size()] == '/') return key.substr(prefix.size() + 1);
  if (prefix.empty() || prefix.ends_with('/')) return key.substr(prefix.size());
  const std::size_t slash = prefix.rfind('/');
  return key.substr(slash == std::string::npos ? 0 : slash + 1);
}

void check_name(const InputObject& object) {
  const fs::path path(object.name);
  const bool leads_out = path.is_absolute() || std::find(path.begin(), path.end(), "..") != path.end();
  require(!object.name.empty() && !leads_out && object.name.find('\0') == std::string::npos,
          printable(name(object.path)), ": no file below a folder can have this name");
}

std::vector<InputObject> objects_of_prefix(const S3Settings& s3, const S3Path& prefix) {
  std::vector<InputObject> objects;
  list_objects(s3, prefix, [&](const RemoteObject& object) {
    if (object.key.ends_with('/') && object.size == 0) return;
    require(objects.size() < kMostObjects, name(prefix), ": more than ", kMostObjects, " objects");
    objects.push_back({{prefix.bucket, object.key}, relative_name(object.key, prefix.key)});
    check_name(objects.back());
  });
  return objects;
}

template <typename Item>
std::vector<Item> part_of(std::vector<Item> all, const JobChannel& channel, const Share& share) {
  if (!channel.sharded) return all;
  std::vector<Item> mine;
  for (std::size_t i = share.index; i < all.size(); i += share.count) mine.push_back(std::move(all[i]));
  return mine;
}

}  // namespace

void check_channel(const JobChannel& channel) {
  const auto plain = [](unsigned char c) { return std::isalnum(c) || c == '.' || c == '-' || c == '_'; };
  const std::string shown = printable(channel.name).substr(0, 80);
  require(!channel.name.empty() && channel.name.size() <= 64 && channel.name.front() != '.' &&
              std::all_of(channel.name.begin(), channel.name.end(), plain),
          "a channel's name is up to 64 letters, digits, dots, - and _, and begins with no dot: ", shown);
  (void)parse_s3(channel.uri);
  const bool pipe = channel.mode == JobChannel::Mode::pipe;
  require(channel.source != JobChannel::Source::augmented_manifest || pipe, "the channel ", shown,
          " is an AugmentedManifestFile, which goes with the input mode Pipe");
  require(channel.source != JobChannel::Source::augmented_manifest || !channel.attributes.empty(), "the channel ",
          shown, " is an AugmentedManifestFile and names no attributes: give AttributeNames");
  require(channel.source == JobChannel::Source::prefix || channel.mode != JobChannel::Mode::fast_file, "the channel ",
          shown, " is in FastFile mode, which goes with S3Prefix");
  require(!channel.gzip || pipe, "the channel ", shown,
          " has the compression type Gzip, which goes with the input mode Pipe");
  require(channel.record_wrapper.empty() || channel.record_wrapper == "None" || channel.record_wrapper == "RecordIO",
          "the channel ", shown, ": the record wrapper ", printable(channel.record_wrapper).substr(0, 80),
          " is neither None nor RecordIO");
}

std::vector<InputObject> parse_manifest(std::string_view content, const std::string& source) {
  const Json json = parse_json(content, source);
  require(json.is_array() && !json.empty() && json.front().is_object(), source,
          R"(: a manifest is a JSON array that begins with {"prefix": "s3://..."})");
  require(json.size() <= kMostObjects, source, ": more than ", kMostObjects, " objects");
  std::vector<InputObject> objects;
  S3Path prefix;
  for (const Json& entry : json) {
    if (entry.is_object()) {
      prefix = parse_s3(field<std::string>(entry, "prefix", source));
      continue;
    }
    require(entry.is_string(), source, ": expected the key of an object, not ", entry.dump().substr(0, 80));
    const auto key = entry.get<std::string>();
    objects.push_back({{prefix.bucket, prefix.key + key}, key});
    check_name(objects.back());
  }
  return objects;
}

std::vector<InputObject> list_inputs(const S3Settings& s3, const JobChannel& channel, const Share& share) {
  const S3Path path = parse_s3(channel.uri);
  std::vector<InputObject> objects = channel.source == JobChannel::Source::prefix
                                         ? objects_of_prefix(s3, path)
                                         : parse_manifest(as_text(get_object(s3, path, kMaxManifest)), name(path));
  if (objects.empty()) {
    fail(Kind::not_found, "No S3 objects found under S3 URL \"", printable(channel.uri), "\" of the channel ",
         channel.name);
  }
  return part_of(std::move(objects), channel, share);
}

std::vector<std::string> list_lines(const S3Settings& s3, const JobChannel& channel, const Share& share) {
  const Bytes content = get_object(s3, parse_s3(channel.uri), kMaxManifest);
  std::istringstream text{std::string(as_text(content))};
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) {
    if (line.find_first_not_of(" \t\r") != std::string::npos) lines.push_back(std::move(line));
  }
  require(!lines.empty(), printable(channel.uri), ": the augmented manifest has no lines");
  return part_of(std::move(lines), channel, share);
}

void download_channel(const S3Settings& s3, const JobChannel& channel, const Share& share, const fs::path& folder,
                      const std::function<void()>& check) {
  make_folder(folder);
  if (channel.source == JobChannel::Source::prefix && !(channel.sharded && share.count > 1)) {
    const Moved moved =
        download_folder(s3, parse_s3(channel.uri), folder, [&](std::uint64_t, std::uint64_t) { check(); });
    if (moved.objects > 0 || !fs::is_empty(folder)) return;
    fail(Kind::not_found, "No S3 objects found under S3 URL \"", printable(channel.uri), "\" of the channel ",
         channel.name);
  }
  const std::vector<InputObject> objects = list_inputs(s3, channel, share);
  parallel_for(objects.size(), kThreads, [&](std::size_t i) {
    check();
    const fs::path file = folder / objects[i].name;
    // A download is there as a whole or not at all.
    if (fs::exists(file)) return;
    make_folder(file.parent_path());
    download(s3, objects[i].path, file, [&](std::uint64_t) { check(); });
  });
}

std::vector<std::size_t> epoch_order(const JobChannel& channel, std::size_t count, int epoch) {
  if (channel.shuffle_seed) {
    return permutation(count, derive(Key{*channel.shuffle_seed}, static_cast<std::uint64_t>(epoch)));
  }
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  return order;
}

}  // namespace graft
