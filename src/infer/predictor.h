// A bundle ready to answer.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bundle/bundle.h"

namespace graft {

// A network ready to run on batches of prepared images. Thread-safe after construction: run() may be called from many
// threads at once.
class Plan {
 public:
  // Compiles `graph` with `weights` (f32) for its nominal input size: batch norm folded into convolutions, activations and
  // residual sums fused behind them, layouts chosen once. `threads` is how many cores one run uses; 0 is all.
  Plan(const Graph& graph, const Weights& weights, int threads = 0);
  ~Plan();
  Plan(Plan&&) noexcept;
  Plan& operator=(Plan&&) noexcept;

  // input: [batch, channels, height, width]; output: [batch, output_length()]. Any batch above 0.
  void run(std::span<const float> input, std::int64_t batch, std::span<float> output) const;

  std::int64_t output_length() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct Prediction {
  std::string label;
  double probability;
};

class Predictor {
 public:
  explicit Predictor(Bundle bundle, int threads = 0);

  // One encoded picture. The `top` most likely labels, the likeliest first.
  std::vector<Prediction> predict(ByteView picture, int top) const;
  // The calibrated probabilities of prepared images [batch, 3, height, width]: [batch, labels].
  void probabilities(std::span<const float> input, std::int64_t batch, std::span<float> output) const;

  const Bundle& bundle() const { return bundle_; }

 private:
  Bundle bundle_;
  Plan plan_;
};

}  // namespace graft
