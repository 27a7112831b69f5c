// Models from S3, unpacked into folders of this machine: each version once, for all who serve it.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "remote/store.h"

namespace graft {

struct CachedModel {
  std::filesystem::path folder{};  // what the archive holds, in a folder called "model"
  std::string key{};               // 32 hexadecimal digits: of its account, place and version
  std::uint64_t bytes = 0;         // unpacked
};
using CachedModelPointer = std::shared_ptr<const CachedModel>;

// What lies at a place in S3 now.
struct ModelVersion {
  std::string account{}, uri{};
  std::string key{};
};

// Thread-safe. Its folder begins empty: whether what lies there from before is whole is not known.
class ModelCache {
 public:
  struct Options {
    std::filesystem::path folder{};
    std::function<S3Settings(const std::string& account)> s3{};
    std::uint64_t most_unused = std::uint64_t{8} << 30;  // bytes of models that nobody serves and that are kept
  };
  explicit ModelCache(Options options);

  // Asks S3. `uri` names an archive (model.tar.gz), or with a '/' at its end a prefix whose objects are the files.
  // Throws Kind::not_found in SageMaker's words when nothing is there.
  ModelVersion find(const std::string& account, const std::string& uri) const;

  // Downloads and unpacks it where that was not done. It stays at least as long as the pointer does. Throws what is
  // wrong with the archive, and Kind::unavailable as soon as what is downloaded is `unwanted`.
  using Unwanted = std::function<bool()>;
  CachedModelPointer get(const ModelVersion& version, const Unwanted& unwanted = {});

  // All models of the account lie below it.
  std::filesystem::path folder_of(const std::string& account) const;

 private:
  struct Entry {
    std::mutex loading{};
    CachedModelPointer model{};           // guarded by loading
    std::atomic<std::uint64_t> used = 0;  // when last, counted
  };
  CachedModelPointer download(const ModelVersion& version, const Unwanted& unwanted) const;
  void prune();

  const Options options_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Entry>> entries_;  // by key; guarded by mutex_
  std::atomic<std::uint64_t> uses_ = 0;
};

}  // namespace graft
