// Named tensors: what a checkpoint holds.
//
// A Tensor is a view of row-major bytes that somebody owns: a buffer of its own or a mapped file. Copies share the
// bytes, which nobody changes.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>

#include "base/bytes.h"
#include "graph/graph.h"

namespace graft {

enum class DType { f64, f32, f16, bf16, i64, i32, i16, i8, u8, boolean };

std::size_t size_of(DType type);
std::string name_of(DType type);  // safetensors' spelling: "F32", "BF16", ...

struct Tensor {
  DType type = DType::f32;
  Shape shape;
  ByteView bytes;                     // count(shape) * size_of(type) of them
  std::shared_ptr<const void> owner;  // keeps `bytes` alive
};

// The number of elements. Throws on a negative size or an overflow.
std::int64_t count(const Shape& shape);

// A tensor with a copy of these values.
Tensor make_tensor(Shape shape, std::span<const float> values);
// The values of a tensor of any floating type, as float.
std::vector<float> to_floats(const Tensor& tensor);
// The values of an F32 tensor in place. REQUIRES: type is f32 and the bytes are aligned to 4.
std::span<const float> floats(const Tensor& tensor);
// The same values in `type`, rounded to nearest even. Only among f32, f16 and bf16.
Tensor convert(const Tensor& tensor, DType type);

using Weights = std::map<std::string, Tensor>;

// Throws unless `weights` has every weight of `graph` in its shape; names the first that is missing or has another
// shape, and how many are wrong. Extra weights are allowed.
void check_weights(const Graph& graph, const Weights& weights, std::string_view source);

// Only those that `graph` wants, as f32. Checks first. A missing "num_batches_tracked" and the like never matters.
Weights select_weights(const Graph& graph, const Weights& weights, std::string_view source);

// The digest of the graph and the weights it wants: the name under which features made by them are cached. Extra
// weights do not change it, so a backbone has one fingerprint whatever head the weights come with.
std::string fingerprint(const Graph& graph, const Weights& weights);

}  // namespace graft
