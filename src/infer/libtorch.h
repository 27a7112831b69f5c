// A network that libtorch runs: what a plan is measured against, the way out for what a plan cannot compute, and the
// way onto CUDA devices.
//
// The header names nothing of libtorch; libtorch.cpp is a library of its own (graft_infer_libtorch) that only programs
// with libtorch link.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "bundle/precision.h"
#include "graph/graph.h"
#include "graph/weights.h"

namespace graft {

struct LibtorchOptions {
  enum class Form {
    eager,   // one operation after the other, as a usual loop has it
    frozen,  // TorchScript, traced and frozen: weights are constants, batch norm is folded
  };
  Form form = Form::eager;
  enum class Device { cpu, cuda };
  Device device = Device::cpu;
  // fp32, or bf16: on the CPU by autocast, on CUDA by weights in bf16 but for batch norm's; with channels last.
  Precision precision = Precision::fp32;
  int threads = 0;  // of the CPU; 0 is one for each core
};

// Whether this libtorch computes on CUDA and finds a device for it.
bool has_cuda();

// Not thread-safe.
class LibtorchPlan {
 public:
  // Copies the weights. A frozen form is traced at the graph's nominal size with `batch` images and tuned to it, and on
  // CUDA both forms are recorded as a CUDA graph of it; other batches run too. Throws Kind::unavailable where there is
  // no such device, or not enough memory.
  LibtorchPlan(const Graph& graph, const Weights& weights, std::int64_t batch, const LibtorchOptions& options);
  ~LibtorchPlan();
  LibtorchPlan(LibtorchPlan&&) noexcept;
  LibtorchPlan& operator=(LibtorchPlan&&) noexcept;

  // input: [batch, channels, height, width]; output: [batch, outputs]. Any batch above 0. Sets the number of libtorch's
  // threads, which the process shares.
  void run(std::span<const float> input, std::int64_t batch, std::span<float> output) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace graft
