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

struct PlanOptions {
  int threads = 0;  // how many cores one run uses; 0 is all
  Precision precision = Precision::fp32;
  ActivationRanges ranges{};  // what calibrate() found; int8 needs them
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
// threads at once; each caller runs in memory of its own, the weights are shared.
//
// A batch is cut into pieces, one after the other for each core, whose sizes are powers of two up to 8: few sizes have
// to be compiled (each when it is first needed), memory does not grow with the batch, and no image is computed in vain.
class Plan {
 public:
  // Compiles `graph` with `weights` for its nominal input size: batch norm folded into convolutions, activations and
  // residual sums fused behind them, layouts chosen once. Throws, naming the node and its operation, where the graph
  // has one that cannot be compiled; Kind::unavailable where the processor lacks the precision.
  Plan(const Graph& graph, const Weights& weights, const PlanOptions& options = {});
  ~Plan();
  Plan(Plan&&) noexcept;
  Plan& operator=(Plan&&) noexcept;

  // input: [batch, channels, height, width]; output: [batch, output_length()]. Any batch above 0.
  void run(std::span<const float> input, std::int64_t batch, std::span<float> output) const;

  // Where the time goes: the steps in order, each the median over several runs of a batch by one thread.
  std::vector<LayerTime> profile(std::span<const float> input, std::int64_t batch) const;

  std::int64_t input_length() const;   // of one image
  std::int64_t output_length() const;  // of one image

  // Bytes in use: by the weights, and by the arenas of all callers so far.
  std::size_t weight_bytes() const;
  std::size_t arena_bytes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace graft
