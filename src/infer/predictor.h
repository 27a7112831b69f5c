// A bundle ready to answer.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "bundle/bundle.h"
#include "infer/plan.h"

namespace graft {

struct Prediction {
  std::string label;
  double probability;
};

// Thread-safe: all calls may come from many threads at once.
class Predictor {
 public:
  // Throws when the bundle is a backbone, or when its graph and its labels or its preprocessing do not fit together.
  // Calibrated ranges come from the bundle.
  explicit Predictor(Bundle bundle, int threads = 0, Precision precision = Precision::fp32);

  // One encoded picture. The `top` most likely labels (fewer if there are fewer), the likeliest first.
  std::vector<Prediction> predict(ByteView picture, int top) const;
  // The calibrated probabilities of prepared images [batch, 3, height, width]: [batch, labels].
  void probabilities(std::span<const float> input, std::int64_t batch, std::span<float> output) const;

  // The `top` most likely of calibrated probabilities, one per label.
  std::vector<Prediction> likeliest(std::span<const float> probabilities, int top) const;

  const Bundle& bundle() const { return bundle_; }

 private:
  Bundle bundle_;
  Plan plan_;
};

}  // namespace graft
