#include "infer/noise.h"

#include <cmath>

namespace graft {
namespace {

// Between neighbours of bf16 about this size.
double bf16_step(double size) {
  return size > 0 ? std::exp2(std::floor(std::log2(size)) - 7) : 0;
}

}  // namespace

double bf16_noise(const Program& program, const Layer& layer) {
  const auto* convolution = std::get_if<Conv2d>(&layer.operation);
  if (!convolution) return 0;
  const Layer& input = program.layers[static_cast<std::size_t>(layer.inputs[0])];
  if (input.expected.mean.empty() || layer.expected.mean.empty()) return 0;
  const std::size_t channels = layer.bias.size(), length = layer.weight.size() / channels;
  const auto groups = static_cast<std::size_t>(convolution->groups);
  const std::size_t reads = input.expected.mean.size() / groups, taps = length / reads;
  std::vector<double> rounding(input.expected.mean.size());  // its variance, of each input channel
  for (std::size_t read = 0; read < rounding.size(); ++read) {
    const double mean = input.expected.mean[read];
    const double step = bf16_step(std::sqrt(mean * mean + input.expected.variance[read]));
    rounding[read] = step * step / 12;  // an error is as likely to be anywhere within the step
  }
  double sum = 0, signal = 0;
  for (std::size_t channel = 0; channel < channels; ++channel) {
    const std::size_t first = channel / (channels / groups) * reads;
    const float* weight = layer.weight.data() + channel * length;
    for (std::size_t read = first; read < first + reads; ++read) {
      float squares = 0;
      for (std::size_t tap = 0; tap < taps; ++tap, ++weight) squares += *weight * *weight;
      sum += squares * rounding[read];
    }
    signal += layer.expected.variance[channel];
  }
  return signal > 0 ? sum / signal : 0;
}

}  // namespace graft
