// Features on disk, so that no image goes through a backbone twice.
//
// One file for each way of computing them (backbone, weights, preprocessing, augmentation), with one record an image:
// its content's digest, the view's number, a checksum and the features. Records are only ever appended; one that a
// crash tore is dropped when the file is opened next. A cache that cannot be written is a warning, not an error: the
// work goes on without it.
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>

#include "base/digest.h"

namespace graft {

class FeatureCache {
 public:
  // `name` says how the features are computed; a digest of it is the file's name in `folder`. An empty folder keeps
  // nothing.
  FeatureCache(const std::filesystem::path& folder, const std::string& name, std::size_t length);
  ~FeatureCache();
  FeatureCache(const FeatureCache&) = delete;
  FeatureCache& operator=(const FeatureCache&) = delete;

  // Copies the features of view `view` of this content to `out` and returns true, when they are there.
  bool find(const Digest& content, std::uint32_t view, std::span<float> out) const;
  void add(const Digest& content, std::uint32_t view, std::span<const float> features);

 private:
  using RecordKey = std::pair<Digest, std::uint32_t>;
  void open(const std::filesystem::path& path);
  void read_index(std::uint64_t size);
  void give_up(const std::string& why);
  std::size_t record_size() const;

  std::size_t length_;
  int file_ = -1;
  bool writable_ = false;
  std::uint64_t end_ = 0;
  std::map<RecordKey, std::uint64_t> offsets_;
};

}  // namespace graft
