#include "graph/weights.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"

namespace graft {
namespace {

struct DTypeInfo {
  const char* name;
  std::size_t size;
};
// In the order of DType.
constexpr DTypeInfo kDTypes[] = {{"F64", 8}, {"F32", 4}, {"F16", 2}, {"BF16", 2}, {"I64", 8},
                                 {"I32", 4}, {"I16", 2}, {"I8", 1},  {"U8", 1},   {"BOOL", 1}};

const DTypeInfo& info(DType type) {
  return kDTypes[static_cast<std::size_t>(type)];
}

std::string print(const Shape& shape) {
  return "[" + join(shape, ", ") + "]";
}

// IEEE binary16: 1 sign bit, 5 of exponent (bias 15), 10 of fraction.
float from_half(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000u) << 16;
  const std::uint32_t exponent = (half >> 10) & 0x1fu;
  const std::uint32_t fraction = half & 0x3ffu;
  if (exponent == 0) {
    const float magnitude = static_cast<float>(fraction) * 0x1p-24f;
    return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(magnitude));
  }
  const std::uint32_t widened = exponent == 0x1f ? 0xffu : exponent + 112;
  return std::bit_cast<float>(sign | widened << 23 | fraction << 13);
}

std::uint16_t to_half(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000u;
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  constexpr std::uint32_t kInfinity = 0x7f800000, kRoundsToInfinity = 0x477ff000, kSmallestNormal = 0x38800000;
  std::uint32_t half = 0;
  if (magnitude > kInfinity) {
    half = 0x7e00u | ((magnitude >> 13) & 0x3ffu);  // a quiet NaN
  } else if (magnitude >= kRoundsToInfinity) {
    half = 0x7c00u;
  } else if (magnitude >= kSmallestNormal) {
    const std::uint32_t rebiased = magnitude - (112u << 23);
    half = (rebiased + 0xfffu + ((rebiased >> 13) & 1u)) >> 13;
  } else {
    // One unit in the last place of 0.5f is the smallest binary16 number, so the addition itself rounds.
    half = std::bit_cast<std::uint32_t>(std::bit_cast<float>(magnitude) + 0.5f) - std::bit_cast<std::uint32_t>(0.5f);
  }
  return static_cast<std::uint16_t>(sign | half);
}

// bfloat16: the upper half of a float.
float from_bfloat(std::uint16_t upper) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(upper) << 16);
}

std::uint16_t to_bfloat(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if (std::isnan(value)) return static_cast<std::uint16_t>(bits >> 16 | 0x40u);  // rounding must not make it infinite
  return static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

// Reads numbers that need not be aligned.
template <typename Number, typename Convert>
std::vector<float> read_all(const Tensor& tensor, Convert convert) {
  std::vector<float> values(tensor.bytes.size() / sizeof(Number));
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = convert(load<Number>(tensor.bytes, i * sizeof(Number)));
  }
  return values;
}

bool aligned_floats(const Tensor& tensor) {
  return tensor.type == DType::f32 && reinterpret_cast<std::uintptr_t>(tensor.bytes.data()) % alignof(float) == 0;
}

template <typename Number>
Tensor own(DType type, Shape shape, std::vector<Number> numbers) {
  const auto owner = std::make_shared<const std::vector<Number>>(std::move(numbers));
  return {type, std::move(shape), std::as_bytes(std::span(*owner)), owner};
}

template <typename Round>
Tensor rounded(const Tensor& tensor, DType type, Round round) {
  const std::vector<float> values = to_floats(tensor);
  std::vector<std::uint16_t> numbers(values.size());
  std::transform(values.begin(), values.end(), numbers.begin(), round);
  return own(type, tensor.shape, std::move(numbers));
}

bool is_convertible(DType type) {
  return type == DType::f32 || type == DType::f16 || type == DType::bf16;
}

bool is_floating(DType type) {
  return type == DType::f64 || is_convertible(type);
}

// What is wrong with the weight that `spec` asks for; empty when nothing is.
std::string complaint(const WeightSpec& spec, const Weights& weights) {
  const auto found = weights.find(spec.name);
  if (found == weights.end()) return text(spec.name, " ", print(spec.shape), " is missing");
  const Tensor& tensor = found->second;
  if (tensor.shape != spec.shape) {
    return text(spec.name, " has the shape ", print(tensor.shape), " where ", print(spec.shape), " is expected");
  }
  if (!is_floating(tensor.type)) return text(spec.name, " holds ", name_of(tensor.type), ", not floating numbers");
  return "";
}

template <typename Number>
void update(Sha256& digest, const Number& number) {
  digest.update(std::as_bytes(std::span(&number, 1)));
}

// Lengths go first, so that two different lists never give the same bytes.
void update(Sha256& digest, const std::string& content) {
  update(digest, content.size());
  digest.update(as_bytes(content));
}

}  // namespace

std::size_t size_of(DType type) {
  return info(type).size;
}

std::string name_of(DType type) {
  return info(type).name;
}

std::int64_t count(const Shape& shape) {
  std::int64_t product = 1;
  for (std::int64_t size : shape) {
    const bool fits = size >= 0 && !__builtin_mul_overflow(product, size, &product);
    require(fits, "no tensor has the shape ", print(shape));
  }
  return product;
}

Tensor make_tensor(Shape shape, std::span<const float> values) {
  require(static_cast<std::size_t>(count(shape)) == values.size(), "a tensor of the shape ", print(shape),
          " does not have ", values.size(), " values");
  return own(DType::f32, std::move(shape), std::vector<float>(values.begin(), values.end()));
}

std::vector<float> to_floats(const Tensor& tensor) {
  switch (tensor.type) {
    case DType::f64:
      return read_all<double>(tensor, [](double value) { return static_cast<float>(value); });
    case DType::f32:
      return read_all<float>(tensor, [](float value) { return value; });
    case DType::f16:
      return read_all<std::uint16_t>(tensor, from_half);
    case DType::bf16:
      return read_all<std::uint16_t>(tensor, from_bfloat);
    default:
      fail(Kind::invalid, "a tensor of ", name_of(tensor.type), " does not hold floating numbers");
  }
}

std::span<const float> floats(const Tensor& tensor) {
  require(aligned_floats(tensor), "a tensor of ", name_of(tensor.type), " cannot be read as floats in place");
  return {reinterpret_cast<const float*>(tensor.bytes.data()), tensor.bytes.size() / sizeof(float)};
}

Tensor convert(const Tensor& tensor, DType type) {
  require(is_convertible(tensor.type) && is_convertible(type), "cannot convert ", name_of(tensor.type), " to ",
          name_of(type));
  if (type == DType::f16) return rounded(tensor, type, to_half);
  if (type == DType::bf16) return rounded(tensor, type, to_bfloat);
  return own(type, tensor.shape, to_floats(tensor));
}

void check_weights(const Graph& graph, const Weights& weights, std::string_view source) {
  std::string first;
  std::size_t wrong = 0;
  const std::vector<WeightSpec> specs = weight_specs(graph);
  for (const WeightSpec& spec : specs) {
    std::string problem = complaint(spec, weights);
    if (problem.empty()) continue;
    if (wrong++ == 0) first = std::move(problem);
  }
  require(wrong == 0, source, ": not the weights of ", graph.architecture, ": ", first, " (", wrong, " of ",
          specs.size(), " weights do not fit)");
}

Weights select_weights(const Graph& graph, const Weights& weights, std::string_view source) {
  check_weights(graph, weights, source);
  Weights selected;
  for (const WeightSpec& spec : weight_specs(graph)) {
    const Tensor& tensor = weights.at(spec.name);
    selected[spec.name] = aligned_floats(tensor) ? tensor : own(DType::f32, tensor.shape, to_floats(tensor));
  }
  return selected;
}

std::string fingerprint(const Graph& graph, const Weights& weights) {
  Sha256 digest;
  update(digest, to_json(graph).dump());
  for (const WeightSpec& spec : weight_specs(graph)) {
    const auto found = weights.find(spec.name);
    require(found != weights.end(), graph.architecture, ": the weight ", spec.name, " is missing");
    const Tensor& tensor = found->second;
    update(digest, spec.name);
    update(digest, name_of(tensor.type));
    update(digest, tensor.shape.size());
    for (std::int64_t size : tensor.shape) update(digest, size);
    digest.update(tensor.bytes);
  }
  return hex(digest.finish());
}

}  // namespace graft
