#include "infer/precision_passes.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "infer/noise.h"
#include "infer/rounding.h"

namespace graft {
namespace {

template <typename Kind>
bool is(const Layer& layer) {
  return std::holds_alternative<Kind>(layer.operation);
}

// Whether the layer hands its input's numbers on, so that it works in whatever format they have.
bool passes_through(const Layer& layer) {
  return is<MaxPool>(layer) || is<AveragePool>(layer) || is<Concat>(layer);
}

std::size_t index(LayerId id) {
  return static_cast<std::size_t>(id);
}

std::vector<std::vector<LayerId>> readers_of(const Program& program) {
  std::vector<std::vector<LayerId>> readers(program.layers.size());
  for (std::size_t i = 0; i < program.layers.size(); ++i) {
    for (const LayerId input : program.layers[i].inputs) readers[index(input)].push_back(static_cast<LayerId>(i));
  }
  return readers;
}

Precision float_precision(const Program& program, const Layer& layer, Precision precision) {
  if (is<Input>(layer) || is<GlobalAveragePool>(layer)) return Precision::fp32;
  const bool pooled = is<Activation>(layer) && layer.size.height == 1 && layer.size.width == 1;
  return pooled ? program.layers[index(layer.inputs[0])].output : precision;
}

// The layers that can write another format than they compute in spare those behind them a conversion.
void widen_outputs(Program& program) {
  const auto readers = readers_of(program);
  for (std::size_t i = 0; i < program.layers.size(); ++i) {
    Layer& layer = program.layers[i];
    if (!is<Conv2d>(layer) && !is<Linear>(layer)) continue;
    const bool only_fp32 = std::ranges::all_of(
        readers[i], [&](LayerId id) { return program.layers[index(id)].precision == Precision::fp32; });
    const bool is_output = static_cast<LayerId>(i) == program.output;
    if (is_output ? is<Linear>(layer) : only_fp32) layer.output = Precision::fp32;
  }
}

bool has_int8_form(const Program& program, LayerId id) {
  const Layer& layer = program.layers[index(id)];
  if (is<Conv2d>(layer)) return layer.inputs[0] != 0 && layer.activation != Activation::Function::sqrt;
  return is<Linear>(layer) && id != program.output && layer.activation != Activation::Function::sqrt;
}

void choose_int8_layers(Program& program) {
  for (std::size_t i = 1; i < program.layers.size(); ++i) {
    Layer& layer = program.layers[i];
    const bool passes_int8 = passes_through(layer) && std::ranges::all_of(layer.inputs, [&](LayerId id) {
                               return program.layers[index(id)].output == Precision::int8;
                             });
    if (passes_int8 || has_int8_form(program, static_cast<LayerId>(i))) {
      layer.precision = layer.output = Precision::int8;
    }
  }
}

// What no int8 layer reads is written in `rest`, or keeps to it altogether.
void drop_unread_int8(Program& program, Precision rest) {
  const auto readers = readers_of(program);
  for (std::size_t i = program.layers.size(); i-- > 1;) {
    Layer& layer = program.layers[i];
    if (layer.output != Precision::int8) continue;
    const bool read = std::ranges::any_of(
        readers[i], [&](LayerId id) { return program.layers[index(id)].precision == Precision::int8; });
    if (read && static_cast<LayerId>(i) != program.output) continue;
    layer.output = rest;
    if (passes_through(layer)) layer.precision = rest;
  }
}

// For each layer the first of those whose outputs share its scale.
std::vector<LayerId> scale_groups(const Program& program) {
  std::vector<LayerId> group(program.layers.size());
  std::iota(group.begin(), group.end(), 0);
  for (std::size_t i = 0; i < program.layers.size(); ++i) {
    const Layer& layer = program.layers[i];
    if (!passes_through(layer) || layer.precision != Precision::int8) continue;
    for (const LayerId input : layer.inputs) {
      const LayerId from = group[index(input)], to = group[i];
      std::ranges::replace(group, std::max(from, to), std::min(from, to));
    }
  }
  return group;
}

ActivationRange range_of(const Layer& layer, const ActivationRanges& ranges) {
  const auto found = ranges.find(layer.name);
  if (found == ranges.end()) {
    fail(Kind::invalid, layer.name, ": int8 needs the range of this layer's output; calibrate the network again");
  }
  return found->second;
}

Quantisation quantisation_of(const ActivationRange& range) {
  const float largest = std::max(range.high, -range.low);
  const bool is_signed = range.low < 0;
  return {.scale = std::max(largest, 1e-6F) / (is_signed ? 127.0F : 255.0F), .is_signed = is_signed};
}

void quantise_outputs(Program& program, const ActivationRanges& ranges) {
  const std::vector<LayerId> group = scale_groups(program);
  std::vector<ActivationRange> united(program.layers.size());
  std::vector<bool> read(program.layers.size(), false);
  for (const Layer& layer : program.layers) {
    if (layer.precision != Precision::int8) continue;
    for (const LayerId input : layer.inputs) read[index(group[index(input)])] = true;
  }
  for (std::size_t i = 0; i < program.layers.size(); ++i) {
    const std::size_t first = index(group[i]);
    if (!read[first]) continue;
    const ActivationRange range = range_of(program.layers[i], ranges);
    united[first].low = std::min(united[first].low, range.low);
    united[first].high = std::max(united[first].high, range.high);
  }
  for (std::size_t i = 0; i < program.layers.size(); ++i) {
    const std::size_t first = index(group[i]);
    if (read[first]) program.layers[i].quantisation = quantisation_of(united[first]);
  }
}

void scale_weights(Layer& layer) {
  const std::size_t channels = layer.bias.size(), length = layer.weight.size() / channels;
  for (std::size_t channel = 0; channel < channels; ++channel) {
    float largest = 1e-12F;
    for (std::size_t i = 0; i < length; ++i) largest = std::max(largest, std::abs(layer.weight[channel * length + i]));
    layer.weight_scales.push_back(largest / 127.0F);
  }
}

// What all layers' noise may add up to, as a share of the output. In features it arrives as about three quarters of
// that.
constexpr double kNoise = 0.02;
// A layer below this is not to blame, however many there are of its kind: their noise does not arrive in full.
constexpr double kQuiet = 0.005;

// The noisiest layers compute in fp32 until the rest is quiet enough. They are few and mostly depthwise, which take
// hardly any of the time.
void keep_noisy_layers_exact(Program& program) {
  std::vector<std::pair<double, Layer*>> layers;
  double sum = 0;
  for (Layer& layer : program.layers) {
    layers.emplace_back(bf16_noise(program, layer), &layer);
    sum += layers.back().first;
  }
  std::ranges::stable_sort(layers, [](const auto& a, const auto& b) { return a.first > b.first; });
  for (const auto& [noise, layer] : layers) {
    if (sum <= kNoise * kNoise || noise <= kQuiet * kQuiet) return;
    layer->precision = layer->output = Precision::fp32;
    sum -= noise;
  }
}

}  // namespace

void set_precision(Program& program, Precision precision) {
  for (Layer& layer : program.layers) layer.precision = layer.output = float_precision(program, layer, precision);
  if (precision == Precision::bf16) keep_noisy_layers_exact(program);
  widen_outputs(program);
  round_weights(program);
}

void quantise(Program& program, Precision rest, const ActivationRanges& ranges) {
  for (Layer& layer : program.layers) layer.precision = layer.output = float_precision(program, layer, rest);
  choose_int8_layers(program);
  drop_unread_int8(program, rest);
  quantise_outputs(program, ranges);
  widen_outputs(program);
  for (Layer& layer : program.layers) {
    if (layer.precision == Precision::int8 && !layer.weight.empty()) scale_weights(layer);
  }
  round_weights(program);
}

}  // namespace graft
