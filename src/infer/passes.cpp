#include "infer/passes.h"

#include <algorithm>

namespace graft {
namespace {

Layer& at(Program& program, LayerId id) {
  return program.layers[static_cast<std::size_t>(id)];
}

template <typename Kind>
bool is(const Layer& layer) {
  return std::holds_alternative<Kind>(layer.operation);
}

bool is_plain_convolution(const Layer& layer) {
  return is<Conv2d>(layer) && !layer.residual && !layer.activation;
}

void scale_outputs(Layer& convolution, const std::vector<float>& factors, const std::vector<float>& summands) {
  const std::size_t length = convolution.weight.size() / factors.size();
  for (std::size_t channel = 0; channel < factors.size(); ++channel) {
    for (std::size_t i = 0; i < length; ++i) convolution.weight[channel * length + i] *= factors[channel];
    convolution.bias[channel] = convolution.bias[channel] * factors[channel] + summands[channel];
  }
}

// Calls absorb(producer, layer) for each layer of the kind whose first input nothing else reads; when it answers true,
// the producer takes the layer's place.
template <typename Kind, typename Absorb>
void absorb_into_producers(Program& program, Absorb absorb) {
  const std::vector<int> uses = count_uses(program);
  for (Layer& layer : program.layers) {
    if (!is<Kind>(layer) || uses[static_cast<std::size_t>(layer.inputs[0])] != 1) continue;
    Layer& producer = at(program, layer.inputs[0]);
    if (!absorb(producer, layer)) continue;
    producer.expected = std::move(layer.expected);
    layer = producer;
  }
  sweep(program);
}

}  // namespace

void fold_batch_norms(Program& program) {
  absorb_into_producers<BatchNorm>(program, [](Layer& producer, const Layer& norm) {
    if (!is_plain_convolution(producer)) return false;
    scale_outputs(producer, norm.weight, norm.bias);
    return true;
  });
}

void convert_batch_norms(Program& program) {
  for (Layer& layer : program.layers) {
    const int channels = static_cast<int>(layer.size.channels);
    if (is<BatchNorm>(layer)) layer.operation = Conv2d{.out_channels = channels, .groups = channels};
  }
}

void fuse_residuals(Program& program) {
  const std::vector<int> uses = count_uses(program);
  const auto can_absorb = [&](LayerId id) {
    return uses[static_cast<std::size_t>(id)] == 1 && is_plain_convolution(at(program, id));
  };
  for (Layer& layer : program.layers) {
    if (!is<Add>(layer)) continue;
    LayerId later = std::max(layer.inputs[0], layer.inputs[1]);
    LayerId earlier = std::min(layer.inputs[0], layer.inputs[1]);
    if (!can_absorb(later)) std::swap(later, earlier);
    if (!can_absorb(later)) continue;
    Moments expected = std::move(layer.expected);
    layer = at(program, later);
    layer.expected = std::move(expected);
    layer.inputs.push_back(earlier);
    layer.residual = true;
  }
  sweep(program);
}

void fuse_activations(Program& program) {
  absorb_into_producers<Activation>(program, [](Layer& producer, const Layer& layer) {
    if (producer.activation || !(is<Conv2d>(producer) || is<Linear>(producer) || is<Add>(producer))) return false;
    producer.activation = std::get<Activation>(layer.operation).function;
    return true;
  });
}

void sweep(Program& program) {
  std::vector<bool> needed(program.layers.size(), false);
  needed[0] = true;
  needed[static_cast<std::size_t>(program.output)] = true;
  for (std::size_t i = program.layers.size(); i-- > 0;) {
    if (!needed[i]) continue;
    for (const LayerId input : program.layers[i].inputs) needed[static_cast<std::size_t>(input)] = true;
  }
  std::vector<Layer> kept;
  std::vector<LayerId> renumbered(program.layers.size(), -1);
  for (std::size_t i = 0; i < program.layers.size(); ++i) {
    if (!needed[i]) continue;
    for (LayerId& input : program.layers[i].inputs) input = renumbered[static_cast<std::size_t>(input)];
    renumbered[i] = static_cast<LayerId>(kept.size());
    kept.push_back(std::move(program.layers[i]));
  }
  program.layers = std::move(kept);
  program.output = renumbered[static_cast<std::size_t>(program.output)];
}

void optimize(Program& program) {
  fold_batch_norms(program);
  convert_batch_norms(program);
  fuse_residuals(program);
  fuse_activations(program);
}

}  // namespace graft
