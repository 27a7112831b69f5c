#include "learn/network.h"

#include "base/error.h"
#include "learn/synchronised_batch_norm.h"

namespace graft {

torch::Tensor to_torch(const Tensor& tensor) {
  const std::vector<float> values = to_floats(tensor);
  return torch::from_blob(const_cast<float*>(values.data()), tensor.shape, torch::kFloat32).clone();
}

Tensor from_torch(const torch::Tensor& tensor) {
  const torch::Tensor plain = tensor.detach().to(torch::kCPU, torch::kFloat32).contiguous();
  return make_tensor(plain.sizes().vec(), {plain.data_ptr<float>(), static_cast<std::size_t>(plain.numel())});
}

namespace {

std::vector<int64_t> sizes(Pair pair) {
  return {pair.height, pair.width};
}

// libtorch pads symmetrically only; what one side has more is added first. `value` is what a pooling window ignores.
torch::Tensor pad_excess(const torch::Tensor& x, const Padding& p, double value) {
  const int height = std::min(p.top, p.bottom), width = std::min(p.left, p.right);
  if (p.top == p.bottom && p.left == p.right) return x;
  return torch::constant_pad_nd(x, {p.left - width, p.right - width, p.top - height, p.bottom - height}, value);
}

// Clamped a little above 0, where the slope of the square root has no bound.
torch::Tensor root(const torch::Tensor& x) {
  return torch::clamp_min(x, 1e-12).sqrt();
}

// libtorch 1.13 differentiates hardtanh in bf16 on no CPU.
torch::Tensor clipped_relu(const torch::Tensor& x) {
  return x.scalar_type() == torch::kBFloat16 ? torch::clamp(x, 0, 6) : torch::hardtanh(x, 0, 6);
}

std::vector<int64_t> symmetric(const Padding& p) {
  return {std::min(p.top, p.bottom), std::min(p.left, p.right)};
}

}  // namespace

// What a pass through the network is for.
struct Network::Pass {
  bool training = false;
  Share share{};
  Group* synchronise = nullptr;
};

// Computes one node's output from its inputs.
struct Forward {
  const Network& network;
  const Node& node;
  const std::vector<torch::Tensor>& in;
  const Network::Pass& pass;
  bool training;  // and not frozen

  torch::Tensor parameter(const char* suffix) const { return network.parameters_.at(node.name + suffix); }
  torch::Tensor optional(bool present, const char* suffix) const {
    return present ? parameter(suffix) : torch::Tensor();
  }

  torch::Tensor operator()(const Input&) const { return in[0]; }
  torch::Tensor operator()(const Conv2d& x) const {
    return torch::conv2d(pad_excess(in[0], x.padding, 0), parameter(".weight"), optional(x.bias, ".bias"),
                         sizes(x.stride), symmetric(x.padding), sizes(x.dilation), x.groups);
  }
  torch::Tensor operator()(const BatchNorm& x) const {
    const torch::Tensor mean = network.statistics_.at(node.name + ".running_mean");
    const torch::Tensor variance = network.statistics_.at(node.name + ".running_var");
    if (training && pass.synchronise) {
      return synchronised_batch_norm(in[0], parameter(".weight"), parameter(".bias"), mean, variance, x.momentum,
                                     x.epsilon, pass.share.weight, *pass.synchronise);
    }
    return torch::batch_norm(in[0], parameter(".weight"), parameter(".bias"), mean, variance, training, x.momentum,
                             x.epsilon, false);
  }
  torch::Tensor operator()(const Activation& x) const {
    switch (x.function) {
      case Activation::Function::relu6:
        return clipped_relu(in[0]);
      case Activation::Function::sqrt:
        return root(in[0]);
      default:
        return torch::relu(in[0]);
    }
  }
  torch::Tensor operator()(const Add&) const { return in[0] + in[1]; }
  torch::Tensor operator()(const Concat&) const { return torch::cat(in, 1); }
  torch::Tensor operator()(const MaxPool& x) const {
    const torch::Tensor padded = pad_excess(in[0], x.padding, -std::numeric_limits<double>::infinity());
    return torch::max_pool2d(padded, sizes(x.kernel), sizes(x.stride), symmetric(x.padding), {1, 1}, x.ceil_mode);
  }
  torch::Tensor operator()(const AveragePool& x) const {
    require(x.padding.top == x.padding.bottom && x.padding.left == x.padding.right, node.name,
            ": training needs average pooling with equal padding on opposite sides");
    return torch::avg_pool2d(in[0], sizes(x.kernel), sizes(x.stride), symmetric(x.padding), false, x.count_padding);
  }
  torch::Tensor operator()(const GlobalAveragePool&) const { return torch::adaptive_avg_pool2d(in[0], {1, 1}); }
  torch::Tensor operator()(const Flatten&) const { return torch::flatten(in[0], 1); }
  torch::Tensor operator()(const Linear& x) const {
    return torch::linear(in[0], parameter(".weight"), optional(x.bias, ".bias"));
  }
  // Drawn for all images of the step: what an image loses does not depend on the rank that computes it.
  torch::Tensor operator()(const Dropout& x) const {
    if (!training || x.probability == 0) return in[0];
    std::vector<std::int64_t> shape = in[0].sizes().vec();
    shape[0] = static_cast<std::int64_t>(pass.share.of);
    const double kept = 1 - x.probability;
    const torch::Tensor mask = torch::empty(shape).bernoulli_(kept).narrow(
        0, static_cast<std::int64_t>(pass.share.begin), static_cast<std::int64_t>(pass.share.images()));
    return in[0] * (mask / kept).to(in[0].options());
  }
};

Network::Network(Graph graph, const Weights& weights)
    : graph_(std::move(graph)), frozen_(graph_.nodes.size(), false), uses_(graph_.nodes.size(), 0) {
  check_weights(graph_, weights, graph_.architecture);
  for (const WeightSpec& spec : weight_specs(graph_)) {
    torch::Tensor tensor = to_torch(weights.at(spec.name));
    // Convolutions run fastest with channels last, depthwise ones by a factor of two.
    if (tensor.dim() == 4) tensor = tensor.contiguous(torch::MemoryFormat::ChannelsLast);
    const bool learned = spec.role == Role::parameter;
    if (learned) tensor.set_requires_grad(true);
    (learned ? parameters_ : statistics_)[spec.name] = tensor;
  }
  for (const Node& node : graph_.nodes) {
    for (NodeId input : node.inputs) ++uses_[static_cast<std::size_t>(input)];
  }
}

Network::Output Network::forward(const torch::Tensor& input, bool training) {
  const auto images = static_cast<std::size_t>(input.size(0));
  return run(input, {.training = training, .share = {0, images, images}});
}

Network::Output Network::forward(const torch::Tensor& input, const Share& share, Group* synchronise) {
  return run(input, {true, share, synchronise});
}

Network::Output Network::run(const torch::Tensor& input, const Pass& pass) {
  const bool with_auxiliary = pass.training && graph_.auxiliary_output.has_value();
  std::vector<torch::Tensor> outputs(graph_.nodes.size());
  std::vector<int> left = uses_;
  for (std::size_t i = 0; i < graph_.nodes.size(); ++i) {
    const Node& node = graph_.nodes[i];
    if (!with_auxiliary && node.block == "AuxLogits") continue;
    std::vector<torch::Tensor> in;
    if (i == 0) in.push_back(input.contiguous(torch::MemoryFormat::ChannelsLast));
    for (NodeId id : node.inputs) {
      const auto index = static_cast<std::size_t>(id);
      in.push_back(outputs[index]);
      if (--left[index] == 0) outputs[index].reset();  // inference then holds only what is still needed
    }
    outputs[i] = std::visit(Forward{*this, node, in, pass, pass.training && !frozen_[i]}, node.operation);
  }
  Output out{outputs[static_cast<std::size_t>(graph_.output)], {}};
  if (with_auxiliary) out.auxiliary = outputs[static_cast<std::size_t>(*graph_.auxiliary_output)];
  return out;
}

void Network::freeze(const std::vector<bool>& frozen) {
  require(frozen.size() == graph_.nodes.size(), graph_.architecture, ": ", frozen.size(), " flags for ",
          graph_.nodes.size(), " nodes");
  frozen_ = frozen;
  for (const WeightSpec& spec : weight_specs(graph_)) {
    if (spec.role != Role::parameter) continue;
    parameters_.at(spec.name).set_requires_grad(!frozen_[static_cast<std::size_t>(spec.node)]);
  }
}

void Network::move_to(torch::Device device) {
  const torch::NoGradGuard no_grad;
  for (auto* tensors : {&parameters_, &statistics_}) {
    for (auto& [name, tensor] : *tensors) tensor.set_data(tensor.detach().to(device));
  }
}

torch::Device Network::device() const {
  return parameters_.empty() ? torch::kCPU : parameters_.begin()->second.device();
}

Weights Network::weights() const {
  Weights out;
  for (const auto& [name, tensor] : parameters_) out[name] = from_torch(tensor);
  for (const auto& [name, tensor] : statistics_) out[name] = from_torch(tensor);
  return out;
}

void Network::load(const Weights& weights) {
  check_weights(graph_, weights, graph_.architecture);
  const torch::NoGradGuard no_grad;
  for (auto& [name, tensor] : parameters_) tensor.copy_(to_torch(weights.at(name)));
  for (auto& [name, tensor] : statistics_) tensor.copy_(to_torch(weights.at(name)));
}

void Network::average_statistics(Group& group) {
  if (group.size() == 1 || statistics_.empty()) return;
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> parts;
  for (const auto& [name, tensor] : statistics_) parts.push_back(tensor.flatten());
  torch::Tensor all = torch::cat(parts);
  group.sum(all);
  all /= group.size();
  std::int64_t begin = 0;
  for (auto& [name, tensor] : statistics_) {
    tensor.copy_(all.narrow(0, begin, tensor.numel()).view(tensor.sizes()));
    begin += tensor.numel();
  }
}

void Network::follow(const Network& other, double decay, std::int64_t steps) {
  const torch::NoGradGuard no_grad;
  const double now = std::min(decay, (1.0 + static_cast<double>(steps)) / (10.0 + static_cast<double>(steps)));
  for (auto& [name, tensor] : parameters_) tensor.lerp_(other.parameters_.at(name), 1 - now);
  for (auto& [name, tensor] : statistics_) tensor.lerp_(other.statistics_.at(name), 1 - now);
}

torch::Tensor infer(Network& network, const torch::Tensor& input) {
  const torch::NoGradGuard no_grad;
  return network.forward(input, false).logits;
}

}  // namespace graft
