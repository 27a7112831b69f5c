// Features of a dataset: one pass of the frozen backbone over its images.
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/digest.h"
#include "data/dataset.h"
#include "dist/group.h"
#include "image/transform.h"
#include "infer/plan.h"
#include "learn/feature_cache.h"
#include "learn/head.h"

namespace graft {

struct Backbone {
  Graph graph;  // its output is the features; of a whole network, logits
  Weights weights;
  Preprocess preprocess;
  Precision precision = Precision::fp32;
  ActivationRanges ranges{};  // int8 needs them
};

struct Views {
  // Each image once as it is, and `augmented` times as training would see it.
  int augmented = 0;
  Augmentation augmentation;
  std::uint64_t seed = 1;
};

// Compiles a backbone once, when the first image needs it; where it has what plans cannot compute, libtorch runs it,
// and a warning says so. Not thread-safe.
class FeatureExtractor {
 public:
  // What the folder `cache` holds is not computed again; an empty one keeps nothing. Where a group is given, its
  // members share the images of every extraction, all get all features, and the cache is that of the one that leads.
  FeatureExtractor(Backbone backbone, std::filesystem::path cache, Group* group = nullptr);
  ~FeatureExtractor();

  // The features of every image of `dataset` in its order, all first views before all second ones; `contents` are the
  // images' digests. Memory does not grow with the dataset: a large result lives in a mapped file that is removed with
  // it.
  FeatureSet extract(const DatasetPtr& dataset, const std::vector<Digest>& contents, const Views& views,
                     const std::string& title);

  const Backbone& backbone() const { return backbone_; }

 private:
  class Pass;

  Backbone backbone_;
  Group* group_;
  std::filesystem::path cache_folder_;
  std::string name_;  // of how features are computed, for the cache
  std::size_t length_;
  FeatureCache cache_;
  std::function<void(std::span<const float> input, std::int64_t batch, std::span<float> output)> run_;
};

}  // namespace graft
