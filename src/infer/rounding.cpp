#include "infer/rounding.h"

#include <bit>
#include <cmath>

#include "base/thread_pool.h"

namespace graft {
namespace {

Neighbours int8_neighbours(float value, float scale) {
  const float steps = value / scale;
  return {std::floor(steps) * scale, std::ceil(steps) * scale};
}

// Rounds the filters of one output channel, one for each of `reads` input channels; answers by how much its output
// falls on average.
double round_channel(const Layer& layer, std::size_t channel, std::span<float> weights, std::size_t reads,
                     std::span<const float> means) {
  const std::size_t taps = weights.size() / reads;
  std::vector<Neighbours> neighbours(taps);
  double shift = 0;
  for (std::size_t read = 0; read < reads; ++read) {
    const std::span<float> filter = weights.subspan(read * taps, taps);
    double error = 0;
    for (std::size_t i = 0; i < taps; ++i) {
      neighbours[i] = layer.precision == Precision::int8 ? int8_neighbours(filter[i], layer.weight_scales[channel])
                                                         : bf16_neighbours(filter[i]);
      error += filter[i];
    }
    round_together(filter, neighbours);
    for (const float tap : filter) error -= tap;
    if (!means.empty()) shift += error * means[read];
  }
  return shift;
}

void round_layer(Layer& layer, const Layer& input, std::size_t groups) {
  const std::size_t channels = layer.bias.size(), length = layer.weight.size() / channels;
  const std::size_t reads = static_cast<std::size_t>(input.size.channels) / groups;  // input channels of an output's
  const std::span<const float> means = input.expected.mean;
  parallel_for(channels, available_cores(), [&](std::size_t channel) {
    const std::size_t group = channel / (channels / groups);
    const std::span<float> weights = std::span(layer.weight).subspan(channel * length, length);
    layer.bias[channel] += static_cast<float>(
        round_channel(layer, channel, weights, reads, means.empty() ? means : means.subspan(group * reads, reads)));
  });
}

}  // namespace

Neighbours bf16_neighbours(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t toward_zero = bits & 0xFFFF0000U;
  if (bits == toward_zero) return {value, value};
  const auto inner = std::bit_cast<float>(toward_zero), outer = std::bit_cast<float>(toward_zero + 0x10000U);
  return value > 0 ? Neighbours{inner, outer} : Neighbours{outer, inner};
}

void round_together(std::span<float> taps, std::span<const Neighbours> neighbours) {
  double error = 0;  // of the sum
  for (std::size_t i = 0; i < taps.size(); ++i) {
    const auto [below, above] = neighbours[i];
    const float nearest = above - taps[i] < taps[i] - below ? above : below;
    error += taps[i] - nearest;
    taps[i] = nearest;
  }
  while (taps.size() > 1) {
    std::size_t best = taps.size();
    double least = std::abs(error) * 0.999, change = 0;
    for (std::size_t i = 0; i < taps.size(); ++i) {
      const auto [below, above] = neighbours[i];
      const double step = static_cast<double>(above) - below, flipped = taps[i] == above ? -step : step;
      if (std::abs(error - flipped) >= least) continue;
      least = std::abs(error - flipped);
      change = flipped;
      best = i;
    }
    if (best == taps.size()) return;
    error -= change;
    taps[best] = change > 0 ? neighbours[best].above : neighbours[best].below;
  }
}

void round_weights(Program& program) {
  for (Layer& layer : program.layers) {
    const auto* convolution = std::get_if<Conv2d>(&layer.operation);
    const bool linear = std::holds_alternative<Linear>(layer.operation);
    if (layer.precision == Precision::fp32 || (!convolution && !linear)) continue;
    const Layer& input = program.layers[static_cast<std::size_t>(layer.inputs[0])];
    round_layer(layer, input, convolution ? static_cast<std::size_t>(convolution->groups) : 1);
  }
}

}  // namespace graft
