#include "hosting/model_cache.h"

#include <optional>
#include <vector>

#include "archive/unpack_tar.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kKeyLength = 32;
constexpr std::size_t kMostObjects = 10'000;  // of a prefix that is one model

[[noreturn]] void nothing_at(const std::string& uri) {
  fail(Kind::not_found, "Could not find model data at ", uri, ".");
}

std::uint64_t bytes_below(const fs::path& folder) {
  std::uint64_t bytes = 0;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  return bytes;
}

// What went wrong, by the name that the model's owner knows.
std::string said_of(const std::string& uri, std::string sentence, const fs::path& place) {
  for (const fs::path& path : {place / "model.tar.gz", place / "model"}) {
    for (std::size_t at; (at = sentence.find(path.string())) != std::string::npos;) {
      sentence.replace(at, path.string().size(), "it");
    }
  }
  return text("the model data ", uri, ": ", sentence);
}

// Names the state of all objects of a prefix.
std::string version_of_prefix(const S3Settings& settings, const std::string& uri) {
  Sha256 digest;
  std::size_t count = 0;
  list_objects(settings, parse_s3(uri), [&](const RemoteObject& object) {
    require(++count <= kMostObjects, uri, ": more than ", kMostObjects, " objects are no model");
    digest.update(as_bytes(text(object.key, "\n", object.etag, "\n")));
  });
  if (count == 0) nothing_at(uri);
  return hex(digest.finish());
}

}  // namespace

ModelCache::ModelCache(Options options) : options_(std::move(options)) {
  std::error_code error;
  fs::remove_all(options_.folder, error);
  make_folder(options_.folder);
}

fs::path ModelCache::folder_of(const std::string& account) const {
  // Accounts are numbers, but that is not for this folder to know.
  return options_.folder / hex(sha256(as_bytes(account))).substr(0, kKeyLength);
}

ModelVersion ModelCache::find(const std::string& account, const std::string& uri) const {
  require(is_s3(uri), "the model data ", uri, " is not at s3://BUCKET/KEY");
  const S3Settings settings = options_.s3(account);
  std::string version;
  if (uri.ends_with('/')) {
    version = version_of_prefix(settings, uri);
  } else {
    const std::optional<RemoteObject> object = find_object(settings, parse_s3(uri));
    if (!object) nothing_at(uri);
    version = object->etag;
  }
  const Digest digest = sha256(as_bytes(text(account, "\n", uri, "\n", version)));
  return {.account = account, .uri = uri, .key = hex(digest).substr(0, kKeyLength)};
}

CachedModelPointer ModelCache::get(const ModelVersion& version, const Unwanted& unwanted) {
  std::shared_ptr<Entry> entry;
  {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<Entry>& found = entries_[version.key];
    if (!found) found = std::make_shared<Entry>();
    entry = found;
  }
  CachedModelPointer model;
  {
    const std::lock_guard lock(entry->loading);
    entry->used = ++uses_;
    if (!entry->model) entry->model = download(version, unwanted);
    model = entry->model;
  }
  prune();
  return model;
}

CachedModelPointer ModelCache::download(const ModelVersion& version, const Unwanted& unwanted) const {
  const auto look = [&unwanted](auto...) {
    if (unwanted && unwanted()) fail(Kind::unavailable, "nobody wants it any more");
  };
  const fs::path place = folder_of(version.account) / version.key, folder = place / "model";
  const S3Settings settings = options_.s3(version.account);
  std::error_code error;
  fs::remove_all(place, error);
  make_folder(folder);
  try {
    if (version.uri.ends_with('/')) {
      download_folder(settings, parse_s3(version.uri), folder, look);
    } else {
      const fs::path archive = place / "model.tar.gz";
      graft::download(settings, parse_s3(version.uri), archive, look);
      unpack_tar(archive, folder);
      fs::remove(archive);
    }
    return std::make_shared<CachedModel>(
        CachedModel{.folder = folder, .key = version.key, .bytes = bytes_below(folder)});
  } catch (const Error& problem) {
    fs::remove_all(place, error);
    if (problem.kind() == Kind::not_found) nothing_at(version.uri);
    throw Error(problem.kind(), problem.code(), said_of(version.uri, problem.what(), place));
  }
}

// Takes away what nobody serves, the longest unused first, until what is left of it is within bounds.
void ModelCache::prune() {
  const std::lock_guard lock(mutex_);
  for (;;) {
    std::uint64_t unused = 0;
    auto oldest = entries_.end();
    // Who has an entry is about to take its model; nobody gets it without the lock that is held here.
    std::erase_if(entries_, [](const auto& each) { return each.second.use_count() == 1 && !each.second->model; });
    for (auto i = entries_.begin(); i != entries_.end(); ++i) {
      Entry& entry = *i->second;
      if (i->second.use_count() > 1 || entry.model.use_count() > 1) continue;
      unused += entry.model->bytes;
      if (oldest == entries_.end() || entry.used < oldest->second->used) oldest = i;
    }
    if (unused <= options_.most_unused) return;
    std::error_code error;
    fs::remove_all(oldest->second->model->folder.parent_path(), error);
    spdlog::info("the model {} is served by nobody and taken off the disk", oldest->first);
    entries_.erase(oldest);
  }
}

}  // namespace graft
