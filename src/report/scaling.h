// How training scales over ranks, from measured numbers: a model of one step of data-parallel training.
//
// The backward pass runs from the last layer to the first. A layer's gradient is ready when its share of the pass is
// over; buckets of gradients are summed over all ranks one after the other, each as soon as it is ready and the one
// before it is done. What of that is left when the backward pass is over is exposed: it makes the step longer.
//
//   a bucket's sum by a ring    2 (n - 1) / n * bytes / bandwidth + 2 (n - 1) * latency
//   or by a tree                2 * bytes / bandwidth + 2 * ceil(log2 n) * latency; the faster of the two
//   efficiency                  step / (step + exposed + waiting)
//   waiting for the slowest     deviation * step * (the expected maximum of n standard normals)
#pragma once

#include <string>
#include <vector>

#include "base/json_forward.h"
#include "graph/graph.h"

namespace graft {

// Of one layer with parameters, in the order of the forward pass.
struct LayerLoad {
  double bytes = 0;  // of its gradient
  double work = 0;   // its share of the backward pass, in any unit: multiplications
};

// Every layer of the graph with parameters, in fp32.
std::vector<LayerLoad> layer_loads(const Graph& graph);
// VGG-16 with 1,000 labels at 224 x 224 (Simonyan and Zisserman, 2014), which is not in the zoo.
std::vector<LayerLoad> vgg16_loads();
// A network of which only the gradients' size is known: spread evenly over the backward pass.
std::vector<LayerLoad> even_loads(double bytes);

struct Interconnect {
  double bandwidth = 0;        // bytes a second between two hosts, which all ranks of a host share
  double local_bandwidth = 0;  // between ranks of one host
  double latency = 0;          // seconds of one message
  int ranks_per_host = 1;
};

struct StepModel {
  double seconds = 0;               // of one rank's step alone
  double backward_share = 2.0 / 3;  // of it
  double bucket_bytes = 0;
  // Whether what is ready when the line is free travels together, `bucket_bytes` at the most, which is Horovod's way;
  // false: a bucket travels when it is full.
  bool fuse_ready = false;
  bool trees = true;     // false: rings only
  double deviation = 0;  // of a rank's step times, as a share of the step
};

double all_reduce_seconds(double bytes, int ranks, const Interconnect& interconnect, bool trees);

// Of a step, the seconds in which sums are under way after the backward pass.
double exposed_seconds(const std::vector<LayerLoad>& layers, int ranks, const StepModel& step,
                       const Interconnect& interconnect);

// The share of `ranks` times one rank's speed that is reached.
double efficiency(const std::vector<LayerLoad>& layers, int ranks, const StepModel& step,
                  const Interconnect& interconnect);

// The expected maximum of `count` standard normal numbers.
double expected_maximum(int count);

}  // namespace graft
