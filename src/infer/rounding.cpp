#include "infer/rounding.h"

#include <bit>
#include <cmath>

namespace graft {
namespace {

Neighbours int8_neighbours(float value, float scale) {
  const float steps = value / scale;
  return {std::floor(steps) * scale, std::ceil(steps) * scale};
}

// Rounds the filters of one output channel; answers by how much its output falls on average.
double round_channel(Layer& layer, std::size_t channel, std::span<float> weights, std::size_t taps,
                     std::span<const float> means) {
  std::vector<Neighbours> neighbours(taps);
  double shift = 0;
  for (std::size_t begin = 0; begin < weights.size(); begin += taps) {
    const std::span<float> filter = weights.subspan(begin, taps);
    double error = 0;
    for (std::size_t i = 0; i < taps; ++i) {
      neighbours[i] = layer.precision == Precision::int8 ? int8_neighbours(filter[i], layer.weight_scales[channel])
                                                         : bf16_neighbours(filter[i]);
      error += filter[i];
    }
    round_together(filter, neighbours);
    for (const float tap : filter) error -= tap;
    if (!means.empty()) shift += error * means[begin / taps];
  }
  return shift;
}

void round_layer(Layer& layer, const Layer& input, std::size_t groups) {
  const std::size_t channels = layer.bias.size(), length = layer.weight.size() / channels;
  const std::size_t reads = static_cast<std::size_t>(input.size.channels) / groups;  // input channels of an output's
  const std::span<const float> means = input.expected.mean;
  for (std::size_t channel = 0; channel < channels; ++channel) {
    const std::size_t group = channel / (channels / groups);
    const std::span<float> weights = std::span(layer.weight).subspan(channel * length, length);
    layer.bias[channel] += static_cast<float>(round_channel(
        layer, channel, weights, length / reads, means.empty() ? means : means.subspan(group * reads, reads)));
  }
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
  std::vector<bool> up(taps.size());
  for (std::size_t i = 0; i < taps.size(); ++i) {
    const auto [below, above] = neighbours[i];
    up[i] = above - taps[i] < taps[i] - below;
    error += taps[i] - (up[i] ? above : below);
    taps[i] = up[i] ? above : below;
  }
  while (true) {
    std::size_t best = taps.size();
    double least = std::abs(error);
    for (std::size_t i = 0; i < taps.size(); ++i) {
      const double step = static_cast<double>(neighbours[i].above) - neighbours[i].below;
      const double left = std::abs(up[i] ? error + step : error - step);
      if (left < least * 0.999) {
        least = left;
        best = i;
      }
    }
    if (best == taps.size()) return;
    const auto [below, above] = neighbours[best];
    error += up[best] ? static_cast<double>(above) - below : static_cast<double>(below) - above;
    up[best] = !up[best];
    taps[best] = up[best] ? above : below;
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
