#include "infer/naive.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "base/random.h"

namespace graft {
namespace {

// [batch, channels, height, width] in double.
struct Array {
  std::int64_t batch = 0;
  Size size;
  std::vector<double> values;

  Array(std::int64_t count, Size of_one)
      : batch(count), size(of_one), values(static_cast<std::size_t>(count * of_one.count()), 0) {}
  double& at(std::int64_t n, std::int64_t c, std::int64_t y, std::int64_t x) {
    return values[static_cast<std::size_t>(((n * size.channels + c) * size.height + y) * size.width + x)];
  }
  double at(std::int64_t n, std::int64_t c, std::int64_t y, std::int64_t x) const {
    return const_cast<Array*>(this)->at(n, c, y, x);
  }
  bool inside(std::int64_t y, std::int64_t x) const { return y >= 0 && y < size.height && x >= 0 && x < size.width; }
  // Calls body(n, c, y, x) for every element.
  template <typename Body>
  void each(Body body) const {
    for (std::int64_t n = 0; n < batch; ++n)
      for (std::int64_t c = 0; c < size.channels; ++c)
        for (std::int64_t y = 0; y < size.height; ++y)
          for (std::int64_t x = 0; x < size.width; ++x) body(n, c, y, x);
  }
};

// Calls body(y, x, tap) for every tap of a window at (row, column) of the output; y and x may be outside.
template <typename Body>
void each_tap(Pair kernel, Pair stride, const Padding& padding, Pair dilation, std::int64_t row, std::int64_t column,
              Body body) {
  for (int i = 0; i < kernel.height; ++i) {
    for (int j = 0; j < kernel.width; ++j) {
      body(row * stride.height - padding.top + i * dilation.height,
           column * stride.width - padding.left + j * dilation.width, i * kernel.width + j);
    }
  }
}

// One operation on its inputs, with weights as a Layer holds them.
struct Naive {
  const std::vector<const Array*>& in;
  const std::vector<float>& weight;
  const std::vector<float>& bias;
  Array out;

  const Array& first() const { return *in[0]; }

  void operator()(const Input&) { out = first(); }
  void operator()(const Dropout&) { out.values = first().values; }
  void operator()(const Flatten&) { out.values = first().values; }
  void operator()(const Conv2d& op) {
    const std::int64_t share = first().size.channels / op.groups, outs = out.size.channels / op.groups;
    const std::int64_t taps = static_cast<std::int64_t>(op.kernel.height) * op.kernel.width;
    out.each([&](auto n, auto c, auto row, auto column) {
      double sum = bias[static_cast<std::size_t>(c)];
      each_tap(op.kernel, op.stride, op.padding, op.dilation, row, column, [&](auto y, auto x, int tap) {
        if (!first().inside(y, x)) return;
        for (std::int64_t i = 0; i < share; ++i) {
          sum += weight[static_cast<std::size_t>((c * share + i) * taps + tap)] *
                 first().at(n, c / outs * share + i, y, x);
        }
      });
      out.at(n, c, row, column) = sum;
    });
  }
  void operator()(const BatchNorm&) {
    out.each([&](auto n, auto c, auto y, auto x) {
      const auto channel = static_cast<std::size_t>(c);
      out.at(n, c, y, x) = first().at(n, c, y, x) * weight[channel] + bias[channel];
    });
  }
  void operator()(const Activation& op) {
    for (std::size_t i = 0; i < out.values.size(); ++i) {
      const double positive = std::max(first().values[i], 0.0);
      out.values[i] = op.function == Activation::Function::relu6  ? std::min(positive, 6.0)
                      : op.function == Activation::Function::sqrt ? std::sqrt(positive)
                                                                  : positive;
    }
  }
  void operator()(const Add&) {
    for (std::size_t i = 0; i < out.values.size(); ++i) out.values[i] = in[0]->values[i] + in[1]->values[i];
  }
  void operator()(const Concat&) {
    std::int64_t from = 0;
    for (const Array* part : in) {
      part->each([&](auto n, auto c, auto y, auto x) { out.at(n, from + c, y, x) = part->at(n, c, y, x); });
      from += part->size.channels;
    }
  }
  void operator()(const MaxPool& op) {
    out.each([&](auto n, auto c, auto row, auto column) {
      double highest = -std::numeric_limits<double>::infinity();
      each_tap(op.kernel, op.stride, op.padding, {}, row, column, [&](auto y, auto x, int) {
        if (first().inside(y, x)) highest = std::max(highest, first().at(n, c, y, x));
      });
      out.at(n, c, row, column) = highest;
    });
  }
  void operator()(const AveragePool& op) {
    out.each([&](auto n, auto c, auto row, auto column) {
      double sum = 0, count = 0;
      each_tap(op.kernel, op.stride, op.padding, {}, row, column, [&](auto y, auto x, int) {
        const bool inside = first().inside(y, x);
        sum += inside ? first().at(n, c, y, x) : 0;
        count += inside || op.count_padding ? 1 : 0;
      });
      out.at(n, c, row, column) = sum / count;
    });
  }
  void operator()(const GlobalAveragePool&) {
    const auto pixels = static_cast<double>(first().size.height * first().size.width);
    first().each([&](auto n, auto c, auto y, auto x) { out.at(n, c, 0, 0) += first().at(n, c, y, x) / pixels; });
  }
  void operator()(const Linear&) {
    const auto length = static_cast<std::size_t>(first().size.count());
    out.each([&](auto n, auto c, auto, auto) {
      double sum = bias[static_cast<std::size_t>(c)];
      for (std::size_t i = 0; i < length; ++i) {
        sum +=
            weight[static_cast<std::size_t>(c) * length + i] * first().values[static_cast<std::size_t>(n) * length + i];
      }
      out.at(n, c, 0, 0) = sum;
    });
  }
};

Array apply(const Operation& operation, const std::vector<const Array*>& in, const std::vector<float>& weight,
            const std::vector<float>& bias, Size size) {
  Naive naive{in, weight, bias, Array(in[0]->batch, size)};
  std::visit(naive, operation);
  return std::move(naive.out);
}

std::vector<const Array*> select(const std::vector<Array>& arrays, const std::vector<int>& ids) {
  std::vector<const Array*> selected;
  for (const int id : ids) selected.push_back(&arrays[static_cast<std::size_t>(id)]);
  return selected;
}

std::vector<float> to_float(const Array& array) {
  return {array.values.begin(), array.values.end()};
}

// A node's weights in the form that Naive takes: batch norm as factor and summand.
void node_weights(const Node& node, const Weights& weights, std::int64_t channels, std::vector<float>& weight,
                  std::vector<float>& bias) {
  const auto get = [&](const char* suffix) {
    const auto found = weights.find(node.name + suffix);
    return found == weights.end() ? std::vector<float>() : to_floats(found->second);
  };
  weight = get(".weight");
  bias = get(".bias");
  bias.resize(static_cast<std::size_t>(channels), 0);
  if (const auto* norm = std::get_if<BatchNorm>(&node.operation)) {
    const std::vector<float> mean = get(".running_mean"), variance = get(".running_var");
    for (std::size_t i = 0; i < weight.size(); ++i) {
      weight[i] = static_cast<float>(weight[i] / std::sqrt(variance[i] + norm->epsilon));
      bias[i] -= mean[i] * weight[i];
    }
  }
}

Array picture(const std::vector<float>& input, std::int64_t batch, Size size) {
  Array array(batch, size);
  array.values.assign(input.begin(), input.end());
  return array;
}

}  // namespace

Weights random_weights(const Graph& graph, std::uint64_t seed) {
  Weights weights;
  std::uint64_t stream = 0;
  for (const WeightSpec& spec : weight_specs(graph)) {
    Random random(derive({seed}, stream++));
    const std::int64_t fan_in = spec.shape.size() > 1 ? count(spec.shape) / spec.shape[0] : 0;
    std::vector<float> values(static_cast<std::size_t>(count(spec.shape)));
    for (float& value : values) {
      // Kernels keep the variance of what they read; all else is near 1, which suits variances and factors too.
      value = static_cast<float>(fan_in > 0 ? random.normal() * std::sqrt(1.5 / static_cast<double>(fan_in))
                                            : random.uniform(0.5, 1.5));
    }
    weights[spec.name] = make_tensor(spec.shape, values);
  }
  return weights;
}

std::vector<float> random_input(const Graph& graph, std::int64_t batch, std::uint64_t seed) {
  const auto& input = std::get<Input>(graph.nodes[0].operation);
  std::vector<float> values(static_cast<std::size_t>(batch * input.channels * input.height * input.width));
  Random random({seed});
  for (float& value : values) value = static_cast<float>(random.normal());
  return values;
}

std::vector<float> run_naive(const Graph& graph, const Weights& weights, const std::vector<float>& input,
                             std::int64_t batch) {
  const std::vector<Shape> shapes = infer_shapes(graph, batch);
  std::vector<Array> arrays;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const Shape& shape = shapes[i];
    const Size size = shape.size() == 4 ? Size{shape[1], shape[2], shape[3]} : Size{shape[1]};
    if (i == 0) {
      arrays.push_back(picture(input, batch, size));
      continue;
    }
    std::vector<float> weight, bias;
    node_weights(graph.nodes[i], weights, size.channels, weight, bias);
    arrays.push_back(apply(graph.nodes[i].operation, select(arrays, graph.nodes[i].inputs), weight, bias, size));
  }
  return to_float(arrays[static_cast<std::size_t>(graph.output)]);
}

std::vector<float> run_naive(const Program& program, const std::vector<float>& input, std::int64_t batch) {
  std::vector<Array> arrays;
  for (const Layer& layer : program.layers) {
    if (std::holds_alternative<Input>(layer.operation)) {
      arrays.push_back(picture(input, batch, layer.size));
      continue;
    }
    const auto in = select(arrays, layer.inputs);
    Array out = apply(layer.operation, in, layer.weight, layer.bias, layer.size);
    if (layer.residual) out = apply(Add{}, {&out, in.back()}, {}, {}, layer.size);
    if (layer.activation) out = apply(Activation{*layer.activation}, {&out}, {}, {}, layer.size);
    arrays.push_back(std::move(out));
  }
  return to_float(arrays[static_cast<std::size_t>(program.output)]);
}

double largest_error(const std::vector<float>& actual, const std::vector<float>& expected) {
  if (actual.size() != expected.size()) return std::numeric_limits<double>::infinity();
  double error = 0, scale = 1e-30;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double difference = std::abs(static_cast<double>(actual[i]) - expected[i]);
    error = std::isnan(difference) ? std::numeric_limits<double>::infinity() : std::max(error, difference);
    scale = std::max(scale, std::abs(static_cast<double>(expected[i])));
  }
  return error / scale;
}

namespace {

TEST(Naive, AConvolutionSumsWhatItsWindowCovers) {
  TinyGraph builder(Input{1, 2, 3});
  const NodeId conv = builder.add("conv", Conv2d{.out_channels = 1, .kernel = {2, 2}, .padding = {.right = 1}}, {0});
  const Graph graph = builder.finish(conv);
  const Weights weights = {{"conv.weight", make_tensor({1, 1, 2, 2}, std::vector<float>{1, 10, 100, 1000})}};
  EXPECT_EQ(run_naive(graph, weights, {1, 2, 3, 4, 5, 6}, 1), (std::vector<float>{5421, 6532, 603}));
}

TEST(Naive, BatchNormNormalisesByItsStatistics) {
  TinyGraph builder(Input{1, 1, 2});
  const Graph graph = builder.finish(builder.add("bn", BatchNorm{.epsilon = 0.25}, {0}));
  const auto one = [](float value) { return make_tensor({1}, std::vector<float>{value}); };
  const Weights weights = {
      {"bn.weight", one(3)}, {"bn.bias", one(1)}, {"bn.running_mean", one(2)}, {"bn.running_var", one(2)}};
  EXPECT_EQ(run_naive(graph, weights, {2, 5}, 1), (std::vector<float>{1, 7}));
}

}  // namespace
}  // namespace graft
