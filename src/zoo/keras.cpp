// A Keras file has the model's description as JSON in the attribute "model_config" and the values of each layer under
// model_weights/.../LAYER/NAME:0 (in a file of weights only, without "model_weights"). Keras stores a convolution's
// kernel as [height, width, in, out], a depthwise one's as [height, width, channels, 1], a dense layer's as [in, out].
#include "zoo/keras.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "zoo/hdf5.h"

namespace graft {
namespace {

constexpr double kEpsilon = 1e-3;  // of batch norm, as tf_mobilenetv2's graph has it

// ---- The model's description ----

struct Dense {
  std::string name, activation;
};

struct Description {
  std::vector<Dense> dense;  // in the order of the network
  int input_size = 0;
};

class Describer {
 public:
  explicit Describer(const std::string& source) : source_(source) {}

  Description read(const Json& model) {
    layer(model);
    return std::move(description_);
  }

 private:
  void layer(const Json& layer) {
    const auto type = field<std::string>(layer, "class_name", source_);
    const auto config = field<Json>(layer, "config", source_);
    const auto name = field_or<std::string>(config, "name", type, source_);
    static const std::set<std::string> kModels = {"Sequential", "Functional", "Model"};
    static const std::set<std::string> kOfTheTrunk = {
        "Conv2D",  "DepthwiseConv2D",        "ZeroPadding2D", "ReLU",  "Add",
        "Dropout", "GlobalAveragePooling2D", "InputLayer",    "Dense", "BatchNormalization"};
    if (kModels.contains(type)) return children(config);
    require(kOfTheTrunk.contains(type), source_, ": the layer ", name, " is a ", type,
            ", which MobileNetV2 as graft imports it does not have");
    if (type == "InputLayer") input(config);
    if (type == "Dense") description_.dense.push_back({name, field<std::string>(config, "activation", source_)});
    if (type == "BatchNormalization") {
      const auto epsilon = field<double>(config, "epsilon", source_);
      require(std::abs(epsilon - kEpsilon) < 1e-9, source_, ": the layer ", name, " has the epsilon ", epsilon,
              ", not ", kEpsilon);
    }
  }

  void children(const Json& config) {
    // Early versions of Keras list a Sequential's layers without the object around them.
    const Json layers = config.is_array() ? config : field<Json>(config, "layers", source_);
    require(layers.is_array(), source_, ": the model's layers are not a list");
    for (const Json& child : layers) layer(child);
  }

  // The first input's shape: [null, 224, 224, 3]. Keras 3 has another name for it.
  void input(const Json& config) {
    const auto old_shape = field_or<Json>(config, "batch_input_shape", {}, source_);
    const auto shape = field_or<Json>(config, "batch_shape", old_shape, source_);
    if (description_.input_size != 0 || !shape.is_array() || shape.size() != 4 || !shape[1].is_number_integer()) return;
    require(shape[1] == shape[2], source_, ": the model's pictures are not square");
    description_.input_size = shape[1].get<int>();
  }

  const std::string& source_;
  Description description_;
};

Description describe(const Hdf5& file, const std::string& source) {
  const auto found = file.attributes.find("model_config");
  if (found == file.attributes.end()) return {};
  return Describer(source).read(parse_json(found->second, source + ": model_config"));
}

// ---- Names ----

// "block_3_expand" to (3, "expand").
std::optional<std::pair<int, std::string_view>> split_block(std::string_view layer) {
  constexpr std::string_view kBlock = "block_", kFirst = "expanded_conv_";
  if (layer.starts_with(kFirst)) return {{0, layer.substr(kFirst.size())}};
  if (!layer.starts_with(kBlock)) return std::nullopt;
  int number = 0;
  const char* end = layer.data() + layer.size();
  const auto [rest, error] = std::from_chars(layer.data() + kBlock.size(), end, number);
  if (error != std::errc() || rest == end || *rest != '_' || number < 1 || number > 16) return std::nullopt;
  return {{number, std::string_view(rest + 1, end)}};
}

// torchvision's path of a layer of the trunk.
std::optional<std::string> module_of(std::string_view layer) {
  static const std::map<std::string_view, const char*> kEnds = {{"Conv1", "features.0.0"},
                                                                {"bn_Conv1", "features.0.1"},
                                                                {"Conv_1", "features.18.0"},
                                                                {"Conv_1_bn", "features.18.1"}};
  static const std::map<std::string_view, const char*> kFirst = {
      {"depthwise", "0.0"}, {"depthwise_BN", "0.1"}, {"project", "1"}, {"project_BN", "2"}};
  static const std::map<std::string_view, const char*> kOthers = {{"expand", "0.0"},    {"expand_BN", "0.1"},
                                                                  {"depthwise", "1.0"}, {"depthwise_BN", "1.1"},
                                                                  {"project", "2"},     {"project_BN", "3"}};
  if (const auto end = kEnds.find(layer); end != kEnds.end()) return end->second;
  const auto block = split_block(layer);
  if (!block) return std::nullopt;
  const auto& parts = block->first == 0 ? kFirst : kOthers;
  const auto part = parts.find(block->second);
  if (part == parts.end()) return std::nullopt;
  return text("features.", block->first + 1, ".conv.", part->second);
}

const char* parameter_of(std::string_view name) {
  static const std::map<std::string_view, const char*> kNames = {{"kernel", "weight"},
                                                                 {"depthwise_kernel", "weight"},
                                                                 {"bias", "bias"},
                                                                 {"gamma", "weight"},
                                                                 {"beta", "bias"},
                                                                 {"moving_mean", "running_mean"},
                                                                 {"moving_variance", "running_var"}};
  const auto found = kNames.find(name);
  return found == kNames.end() ? nullptr : found->second;
}

// ---- Layouts ----

// The tensor with axis order[i] of the old one as its axis i.
Tensor permute(const Tensor& tensor, std::span<const std::size_t> order) {
  const std::span<const float> values = floats(tensor);
  Shape strides(order.size(), 1), shape;
  for (std::size_t i = order.size() - 1; i-- > 0;) strides[i] = strides[i + 1] * tensor.shape[i + 1];
  for (const std::size_t axis : order) shape.push_back(tensor.shape[axis]);
  std::vector<float> permuted(values.size());
  for (std::size_t i = 0; i < permuted.size(); ++i) {
    std::int64_t rest = static_cast<std::int64_t>(i), from = 0;
    for (std::size_t axis = order.size(); axis-- > 0;) {
      from += rest % shape[axis] * strides[order[axis]];
      rest /= shape[axis];
    }
    permuted[i] = values[static_cast<std::size_t>(from)];
  }
  return make_tensor(shape, permuted);
}

Tensor to_pytorch_layout(const Tensor& tensor, bool depthwise) {
  constexpr std::size_t kConvolution[] = {3, 2, 0, 1}, kDepthwise[] = {2, 3, 0, 1}, kDense[] = {1, 0};
  if (tensor.shape.size() == 4) return permute(tensor, depthwise ? kDepthwise : kConvolution);
  if (tensor.shape.size() == 2) return permute(tensor, kDense);
  return tensor;
}

// ---- The file ----

struct LayerWeight {
  std::string layer, name;
};

// The layer and the name in the last two parts of a path, without the ":0" of TensorFlow's variables.
LayerWeight split_path(std::string_view path) {
  const std::size_t last = path.rfind('/');
  std::string_view name = path.substr(last == std::string_view::npos ? 0 : last + 1);
  if (name.ends_with(":0")) name.remove_suffix(2);
  const std::string_view parent = path.substr(0, last == std::string_view::npos ? 0 : last);
  return {std::string(parent.substr(parent.rfind('/') + 1)), std::string(name)};
}

// Checks that the dense layers are a head graft has: ReLU between two, softmax or nothing after the last.
std::map<std::string, std::string> head_modules(const std::vector<Dense>& dense, const std::string& source) {
  require(dense.size() <= 2, source, ": the head has ", dense.size(), " dense layers; graft imports up to 2");
  std::map<std::string, std::string> modules;
  for (std::size_t i = 0; i < dense.size(); ++i) {
    const bool last = i + 1 == dense.size();
    const std::string& activation = dense[i].activation;
    require(last ? activation == "softmax" || activation == "linear" : activation == "relu", source,
            ": the dense layer ", dense[i].name, " has the activation ", activation, "; graft imports heads with ",
            last ? "softmax at the end" : "relu between two layers");
    modules[dense[i].name] = last ? "head.output" : "head.hidden";
  }
  return modules;
}

void add_missing_biases(Weights& weights) {
  for (const char* module : {"head.hidden", "head.output"}) {
    const auto weight = weights.find(text(module, ".weight"));
    if (weight == weights.end() || weights.contains(text(module, ".bias"))) continue;
    const std::int64_t size = weight->second.shape[0];
    weights[text(module, ".bias")] = make_tensor({size}, std::vector<float>(static_cast<std::size_t>(size)));
  }
}

}  // namespace

bool is_hdf5(ByteView bytes) {
  return as_text(bytes).starts_with("\x89HDF\r\n\x1a\n");
}

KerasModel read_keras(const std::filesystem::path& path) {
  const std::string source = path.string();
  const Hdf5 file = read_hdf5(path);
  const Description description = describe(file, source);
  const auto heads = head_modules(description.dense, source);
  KerasModel model{{}, description.input_size};
  for (const auto& [location, tensor] : file.arrays) {
    if (location.starts_with("optimizer_weights/")) continue;
    const LayerWeight weight = split_path(location);
    const auto head = heads.find(weight.layer);
    const auto module = head == heads.end() ? module_of(weight.layer) : std::optional(head->second);
    const char* parameter = parameter_of(weight.name);
    require(module && parameter, source, ": ", location, " belongs to no layer of MobileNetV2 as graft imports it");
    const bool depthwise = weight.layer.ends_with("_depthwise");
    const bool inserted =
        model.weights.emplace(text(*module, ".", parameter), to_pytorch_layout(tensor, depthwise)).second;
    require(inserted, source, ": the layer ", weight.layer, " comes twice");
  }
  add_missing_biases(model.weights);
  return model;
}

}  // namespace graft
