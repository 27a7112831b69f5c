// Shape inference, the list of weights, and costs: all one walk over the nodes with the shapes of their inputs.
#include "base/error.h"
#include "graph/graph.h"

namespace graft {
namespace {

constexpr std::int64_t kMaxElements = std::int64_t{1} << 40;

std::string print(const Shape& shape) {
  return "[" + join(shape, ", ") + "]";
}

// One side of a sliding window's output: how many places the kernel fits at.
std::int64_t places(std::int64_t size, int before, int after, int kernel, int dilation, int stride, bool ceil_mode) {
  const std::int64_t extent = static_cast<std::int64_t>(dilation) * (kernel - 1) + 1;
  const std::int64_t room = size + before + after - extent;
  if (room < 0) return 0;
  std::int64_t count = (room + (ceil_mode ? stride - 1 : 0)) / stride + 1;
  // A window that would start in the padding behind the image does not count (PyTorch's rule).
  if (ceil_mode && (count - 1) * stride >= size + before) --count;
  return count;
}

// The output shape of one operation. `in` holds the shapes of its inputs.
struct OutputShape {
  const Node& node;
  const std::vector<const Shape*>& in;
  const Shape& picture;

  const Shape& first() const { return *in[0]; }

  void require_image() const {
    require(first().size() == 4, node.name, ": ", name_of(node.operation),
            " takes [batch, channels, height, width], not ", print(first()));
  }

  Shape window(std::int64_t channels, Pair kernel, Pair stride, const Padding& p, Pair dilation, bool ceil_mode) const {
    const Shape& x = first();
    Shape out = {x[0], channels,
                 places(x[2], p.top, p.bottom, kernel.height, dilation.height, stride.height, ceil_mode),
                 places(x[3], p.left, p.right, kernel.width, dilation.width, stride.width, ceil_mode)};
    require(out[2] > 0 && out[3] > 0, node.name, ": a window of ", kernel.height, " x ", kernel.width,
            " does not fit into its input ", print(x));
    return out;
  }

  Shape operator()(const Input& x) const {
    require(picture.size() == 4 && picture[1] == x.channels && picture[0] > 0 && picture[2] > 0 && picture[3] > 0,
            node.name, ": the graph takes [batch, ", x.channels, ", height, width], not ", print(picture));
    return picture;
  }
  Shape operator()(const Conv2d& x) const {
    require_image();
    require(first()[1] % x.groups == 0, node.name, ": ", x.groups, " groups do not divide the channels of its input ",
            print(first()));
    return window(x.out_channels, x.kernel, x.stride, x.padding, x.dilation, false);
  }
  Shape operator()(const BatchNorm&) const {
    require_image();
    return first();
  }
  Shape operator()(const Add&) const {
    require(*in[0] == *in[1], node.name, ": add takes two equal shapes, not ", print(*in[0]), " and ", print(*in[1]));
    return first();
  }
  Shape operator()(const Concat&) const {
    require_image();
    Shape out = first();
    for (std::size_t i = 1; i < in.size(); ++i) {
      const Shape& x = *in[i];
      require(x.size() == 4 && x[0] == out[0] && x[2] == out[2] && x[3] == out[3], node.name,
              ": concat takes shapes that differ in channels only, not ", print(first()), " and ", print(x));
      out[1] += x[1];
    }
    return out;
  }
  Shape operator()(const MaxPool& x) const {
    require_image();
    return window(first()[1], x.kernel, x.stride, x.padding, {}, x.ceil_mode);
  }
  Shape operator()(const AveragePool& x) const {
    require_image();
    return window(first()[1], x.kernel, x.stride, x.padding, {}, false);
  }
  Shape operator()(const GlobalAveragePool&) const {
    require_image();
    return {first()[0], first()[1], 1, 1};
  }
  Shape operator()(const Flatten&) const {
    std::int64_t features = 1;
    for (std::size_t i = 1; i < first().size(); ++i) features *= first()[i];
    return {first()[0], features};
  }
  Shape operator()(const Linear& x) const {
    require(first().size() == 2, node.name, ": linear takes [batch, features], not ", print(first()));
    return {first()[0], x.out_features};
  }
  Shape operator()(const Activation&) const { return first(); }
  Shape operator()(const Dropout&) const { return first(); }
};

// The weights of one operation whose first input has the shape `in`.
struct SpecsOf {
  const std::string& name;
  NodeId node;
  const Shape& in;
  std::vector<WeightSpec>& out;

  void add(const char* suffix, Shape shape, Role role = Role::parameter) const {
    out.push_back({name + suffix, std::move(shape), role, node});
  }
  void operator()(const Conv2d& x) const {
    add(".weight", {x.out_channels, in[1] / x.groups, x.kernel.height, x.kernel.width});
    if (x.bias) add(".bias", {x.out_channels});
  }
  void operator()(const BatchNorm&) const {
    add(".weight", {in[1]});
    add(".bias", {in[1]});
    add(".running_mean", {in[1]}, Role::running_statistic);
    add(".running_var", {in[1]}, Role::running_statistic);
  }
  void operator()(const Linear& x) const {
    add(".weight", {x.out_features, in[1]});
    if (x.bias) add(".bias", {x.out_features});
  }
  template <typename Other>
  void operator()(const Other&) const {}
};

std::int64_t elements(const Shape& shape) {
  std::int64_t product = 1;
  for (std::int64_t size : shape) product *= size;
  return product;
}

}  // namespace

std::vector<Shape> infer_shapes(const Graph& graph, const Shape& input) {
  std::vector<Shape> shapes;
  shapes.reserve(graph.nodes.size());
  for (const Node& node : graph.nodes) {
    std::vector<const Shape*> in;
    for (NodeId id : node.inputs) in.push_back(&shapes[static_cast<std::size_t>(id)]);
    shapes.push_back(std::visit(OutputShape{node, in, input}, node.operation));
    double size = 1;
    for (std::int64_t side : shapes.back()) size *= static_cast<double>(side);
    require(size <= static_cast<double>(kMaxElements), node.name, ": its output ", print(shapes.back()),
            " is too large");
  }
  return shapes;
}

std::vector<Shape> infer_shapes(const Graph& graph, std::int64_t batch) {
  const Input& input = std::get<Input>(graph.nodes.at(0).operation);
  return infer_shapes(graph, Shape{batch, input.channels, input.height, input.width});
}

std::vector<WeightSpec> weight_specs(const Graph& graph) {
  const std::vector<Shape> shapes = infer_shapes(graph);
  std::vector<WeightSpec> specs;
  for (std::size_t i = 1; i < graph.nodes.size(); ++i) {
    const Node& node = graph.nodes[i];
    const Shape& in = shapes[static_cast<std::size_t>(node.inputs[0])];
    std::visit(SpecsOf{node.name, static_cast<NodeId>(i), in, specs}, node.operation);
  }
  return specs;
}

Cost cost(const Graph& graph) {
  const std::vector<Shape> shapes = infer_shapes(graph);
  Cost cost;
  for (const WeightSpec& spec : weight_specs(graph)) {
    if (spec.role != Role::parameter) continue;
    const std::int64_t size = elements(spec.shape);
    cost.parameters += size;
    const bool is_kernel = spec.shape.size() > 1;  // biases and batch norm are not multiplications worth counting
    const Shape& out = shapes[static_cast<std::size_t>(spec.node)];
    if (is_kernel) cost.multiply_adds += size * (out.size() == 4 ? out[2] * out[3] : 1);
  }
  return cost;
}

}  // namespace graft
