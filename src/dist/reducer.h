// Sums gradients over a group while the backward pass still computes others.
//
// Parameters are gathered into buckets in the order in which their gradients become ready, the last layer's first. When
// a bucket is full its sum begins on a thread of its own. (Li et al., "PyTorch Distributed: experiences on accelerating
// data parallel training", 2020; Sergeev and Del Balso, "Horovod", 2018.)
#pragma once

#include <torch/types.h>

#include <memory>
#include <vector>

#include "dist/group.h"

namespace graft {

struct ReducerOptions {
  std::size_t bucket_bytes = std::size_t{4} << 20;
  bool overlap = true;  // false: sums begin when the backward pass is over, for comparison
  bool bf16 = false;    // gradients travel rounded to bf16
};

// Seconds since the backward pass began.
struct BucketTimes {
  std::size_t bytes = 0;
  double ready = 0, begin = 0, end = 0;
};

// One step's. What `exposed` leaves of `communication` was hidden behind the backward pass.
struct StepTimes {
  double backward = 0;
  double communication = 0;  // in which a sum was on its way
  double exposed = 0;        // from the end of the backward pass to the end of the last sum
  std::vector<BucketTimes> buckets;
};

class Reducer {
 public:
  // `parameters`: in the order in which the network uses them; those that require no gradient are left out.
  Reducer(Group& group, const std::vector<torch::Tensor>& parameters, const ReducerOptions& options);
  ~Reducer();
  Reducer(const Reducer&) = delete;
  Reducer& operator=(const Reducer&) = delete;

  // Runs `loss`'s backward pass. Then every parameter's gradient is the sum over the group, and so are `totals`.
  void backward(const torch::Tensor& loss, std::vector<double>& totals);

  const StepTimes& times() const;

 private:
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace graft
