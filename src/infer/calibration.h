// What int8 has to know of a network: the range of every layer's output on real images.
//
// A range is chosen so that the squared error of what is rounded and of what is cut off is least, over a histogram of
// all values (Sung, Shin and Hwang, "Resiliency of deep neural networks under quantization", 2015; TensorRT's
// calibration works alike). A few rare large values then do not cost all others their resolution.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "bundle/precision.h"
#include "graph/graph.h"
#include "graph/weights.h"

namespace graft {

// Not thread-safe.
class Calibrator {
 public:
  // Compiles `graph` in fp32. A graph and its backbone have the same names, so ranges of one hold for the other.
  Calibrator(const Graph& graph, const Weights& weights);
  ~Calibrator();

  // Prepared images, [batch, channels, height, width]. A few dozen of those the network is meant for are enough.
  void observe(std::span<const float> images, std::int64_t batch);

  // They do not depend on the order of the images. REQUIRES: images were observed.
  ActivationRanges ranges() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace graft
