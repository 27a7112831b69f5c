#include "report/scaling.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace graft {
namespace {

constexpr double kFloatBytes = 4;

struct Bucket {
  double bytes = 0, ready = 0;  // seconds after the backward pass began
};

// The reducer's rule: layers are gathered from the last one on, and a bucket is closed when it is full.
std::vector<Bucket> buckets_of(const std::vector<LayerLoad>& layers, double backward, double bucket_bytes) {
  const double total = std::accumulate(layers.begin(), layers.end(), 0.0,
                                       [](double sum, const LayerLoad& layer) { return sum + layer.work; });
  std::vector<Bucket> buckets;
  double done = 0;
  bool open = false;
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
    done += layer->work;
    if (!open) buckets.emplace_back();
    buckets.back().bytes += layer->bytes;
    buckets.back().ready = backward * (total > 0 ? done / total : 1);
    open = buckets.back().bytes < bucket_bytes;
  }
  return buckets;
}

// When the last of `buckets` is summed, seconds after the backward pass began.
double summed_at(const std::vector<Bucket>& buckets, int ranks, const StepModel& step,
                 const Interconnect& interconnect) {
  double free = 0;
  for (std::size_t next = 0; next < buckets.size();) {
    const double begin = std::max(free, buckets[next].ready);
    double bytes = buckets[next++].bytes;
    while (step.fuse_ready && next < buckets.size() && buckets[next].ready <= begin &&
           bytes + buckets[next].bytes <= step.bucket_bytes) {
      bytes += buckets[next++].bytes;
    }
    free = begin + all_reduce_seconds(bytes, ranks, interconnect, step.trees);
  }
  return free;
}

}  // namespace

std::vector<LayerLoad> layer_loads(const Graph& graph) {
  const std::vector<Shape> shapes = infer_shapes(graph);
  std::vector<LayerLoad> layers;
  NodeId node = -1;
  for (const WeightSpec& spec : weight_specs(graph)) {
    if (spec.role != Role::parameter) continue;
    if (spec.node != node) layers.emplace_back();
    node = spec.node;
    const double size = std::accumulate(spec.shape.begin(), spec.shape.end(), 1.0, std::multiplies<>());
    const Shape& out = shapes[static_cast<std::size_t>(node)];
    layers.back().bytes += kFloatBytes * size;
    if (spec.shape.size() > 1) layers.back().work += size * static_cast<double>(out.size() == 4 ? out[2] * out[3] : 1);
  }
  return layers;
}

std::vector<LayerLoad> vgg16_loads() {
  struct Stage {
    int layers, channels, side;
  };
  std::vector<LayerLoad> loads;
  const auto add = [&loads](double inputs, double outputs, double places) {
    loads.push_back({kFloatBytes * (inputs + 1) * outputs, inputs * outputs * places});
  };
  int channels = 3;
  for (const Stage& stage : {Stage{2, 64, 224}, {2, 128, 112}, {3, 256, 56}, {3, 512, 28}, {3, 512, 14}}) {
    for (int i = 0; i < stage.layers; ++i) {
      add(9.0 * channels, stage.channels, static_cast<double>(stage.side) * stage.side);
      channels = stage.channels;
    }
  }
  add(512 * 7 * 7, 4096, 1);
  add(4096, 4096, 1);
  add(4096, 1000, 1);
  return loads;
}

std::vector<LayerLoad> even_loads(double bytes) {
  constexpr int kParts = 100;
  return std::vector<LayerLoad>(kParts, {bytes / kParts, 1});
}

double all_reduce_seconds(double bytes, int ranks, const Interconnect& interconnect, bool trees) {
  if (ranks < 2) return 0;
  // A ring enters and leaves each host once, so a host's ranks share its link without slowing each other down.
  const bool one_host = ranks <= interconnect.ranks_per_host;
  const double bandwidth =
      one_host ? interconnect.local_bandwidth : std::min(interconnect.bandwidth, interconnect.local_bandwidth);
  const double others = ranks - 1;
  const double ring = 2 * others / ranks * bytes / bandwidth + 2 * others * interconnect.latency;
  if (!trees) return ring;
  return std::min(ring, 2 * bytes / bandwidth + 2 * std::ceil(std::log2(ranks)) * interconnect.latency);
}

double exposed_seconds(const std::vector<LayerLoad>& layers, int ranks, const StepModel& step,
                       const Interconnect& interconnect) {
  const double backward = step.backward_share * step.seconds;
  const std::vector<Bucket> buckets = buckets_of(layers, backward, step.fuse_ready ? 0 : step.bucket_bytes);
  return std::max(0.0, summed_at(buckets, ranks, step, interconnect) - backward);
}

double efficiency(const std::vector<LayerLoad>& layers, int ranks, const StepModel& step,
                  const Interconnect& interconnect) {
  const double waiting = step.deviation * step.seconds * expected_maximum(ranks);
  return step.seconds / (step.seconds + exposed_seconds(layers, ranks, step, interconnect) + waiting);
}

// The integral over x > 0 of 1 - P(x)^n, less that over x < 0 of P(x)^n, by midpoints; P is the normal distribution.
double expected_maximum(int count) {
  if (count < 2) return 0;
  constexpr int kPoints = 16'000;
  constexpr double kEnd = 8, kWidth = 2 * kEnd / kPoints;
  double sum = 0;
  for (int i = 0; i < kPoints; ++i) {
    const double x = (i + 0.5) * kWidth - kEnd;
    const double all_below = std::pow(std::erfc(-x / std::sqrt(2.0)) / 2, count);
    sum += x > 0 ? 1 - all_below : -all_below;
  }
  return sum * kWidth;
}

}  // namespace graft
