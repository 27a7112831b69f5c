// Features of a dataset: one pass of the frozen backbone over its images.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/digest.h"
#include "data/dataset.h"
#include "image/transform.h"
#include "learn/head.h"

namespace graft {

struct Backbone {
  Graph graph;  // its output is the features
  Weights weights;
  Preprocess preprocess;
};

struct Views {
  // Each image once as it is, and `augmented` times as training would see it.
  int augmented = 0;
  Augmentation augmentation;
  std::uint64_t seed = 1;
};

// The features of every image of `dataset` in its order, all first views before all second ones; `contents` are the
// images' digests. What `cache` holds is not computed again. Memory does not grow with the dataset: a large result
// lives in a mapped file that is removed with it.
FeatureSet extract_features(const Backbone& backbone, const DatasetPtr& dataset, const std::vector<Digest>& contents,
                            const Views& views, const std::filesystem::path& cache, const std::string& title);

}  // namespace graft
