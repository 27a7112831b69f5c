// A graph compiled for inference.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "graph/weights.h"
#include "infer/program.h"

namespace graft {

// Whether this processor computes in `precision` faster than in fp32.
bool is_available(Precision precision);
// Throws Kind::unavailable unless it does.
void require_available(Precision precision);

struct PlanOptions {
  int threads = 0;  // how many streams it has; 0 is one for each core
  Precision precision = Precision::fp32;
  ActivationRanges ranges{};  // what calibrate() found; int8 needs them
  // Who computes one image that is alone: all cores together, one stream, or whoever is found sooner when the plan is
  // made and several images come at once, each alone, as they come to a server.
  enum class OneImage { together, one_stream, timed };
  OneImage one_image = OneImage::together;
  // Compiles so that plans that are running do not wait for it.
  bool in_background = false;
};

// One step of a plan, as profile() timed it.
struct LayerTime {
  std::string name;       // of the graph's node; "input", "reorder" for what the graph does not have
  std::string operation;  // "conv2d", ...
  Precision precision = Precision::fp32;
  double seconds = 0;        // for the batch
  double multiply_adds = 0;  // for the batch
};

// A network ready to run on batches of prepared images. Thread-safe after construction: run() may be called from many
// threads at once, and all of them are served by the plan's own threads, its streams, which share the weights.
//
// There is a stream for each core. A batch is cut into pieces of one or two images, and a stream takes
// the next piece when it is done with one: few sizes have to be compiled, memory does not grow with the batch, no image
// is computed in vain, and streams never wait for each other. One image alone is computed by all cores together.
class Plan {
 public:
  // Compiles `graph` with `weights` for its nominal input size, for batches; the first run of a single image compiles
  // for that too: batch norm folded into convolutions, activations and residual sums fused behind them, layouts chosen
  // once. Throws, naming the node, with the code kUnsupportedByPlan where the graph has one that cannot be compiled;
  // Kind::unavailable where the processor lacks the precision.
  Plan(const Graph& graph, const Weights& weights, const PlanOptions& options = {});
  ~Plan();
  Plan(Plan&&) noexcept;
  Plan& operator=(Plan&&) noexcept;

  // input: [batch, channels, height, width]; output: [batch, output_length()]. Any batch above 0.
  void run(std::span<const float> input, std::int64_t batch, std::span<float> output) const;

  // Where the time goes: the steps in order, each the median over several runs on one stream, as if it ran the batch.
  std::vector<LayerTime> profile(std::span<const float> input, std::int64_t batch) const;

  std::int64_t input_length() const;   // of one image
  std::int64_t output_length() const;  // of one image
  bool one_image_together() const;     // whether all cores compute one image that is alone

  // Bytes in use: by the weights, and by what streams compute in.
  std::size_t weight_bytes() const;
  std::size_t arena_bytes() const;

 private:
  class Together;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace graft
