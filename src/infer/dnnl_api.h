// The calls in which oneDNN 2 and 3 differ. Everything else of oneDNN is used as it is.
#pragma once

#include <dnnl.hpp>
#include <optional>
#include <unordered_map>
#include <vector>

#include "graph/graph.h"

namespace graft {

// How a window moves over an image, as oneDNN spells it: dilation counts from 0, padding is (top, left), (bottom,
// right).
struct DnnlWindow {
  dnnl::memory::dims kernel, strides, dilation, padding_before, padding_after;
};

dnnl::convolution_forward::primitive_desc make_convolution(const dnnl::engine& engine, const DnnlWindow& window,
                                                           const dnnl::memory::desc& source,
                                                           const dnnl::memory::desc& weights,
                                                           const dnnl::memory::desc& bias,
                                                           const dnnl::memory::desc& destination,
                                                           const dnnl::primitive_attr& attributes);

dnnl::inner_product_forward::primitive_desc make_inner_product(
    const dnnl::engine& engine, const dnnl::memory::desc& source, const dnnl::memory::desc& weights,
    const dnnl::memory::desc& bias, const dnnl::memory::desc& destination, const dnnl::primitive_attr& attributes);

dnnl::pooling_forward::primitive_desc make_pooling(const dnnl::engine& engine, dnnl::algorithm algorithm,
                                                   const DnnlWindow& window, const dnnl::memory::desc& source,
                                                   const dnnl::memory::desc& destination,
                                                   const dnnl::primitive_attr& attributes);

// To be run one after the other, each from `data` to `data`.
std::vector<dnnl::eltwise_forward::primitive_desc> make_activation(const dnnl::engine& engine,
                                                                   Activation::Function function,
                                                                   const dnnl::memory::desc& data,
                                                                   const dnnl::primitive_attr& attributes);

dnnl::binary::primitive_desc make_sum(const dnnl::engine& engine, const dnnl::memory::desc& first,
                                      const dnnl::memory::desc& second, const dnnl::memory::desc& destination,
                                      const dnnl::primitive_attr& attributes);

// Along channels.
dnnl::concat::primitive_desc make_concat(const dnnl::engine& engine, const std::vector<dnnl::memory::desc>& sources,
                                         const dnnl::memory::desc& destination, const dnnl::primitive_attr& attributes);

// Copies `source` into the layout of `destination`, and waits for it.
void reorder_now(dnnl::memory source, dnnl::memory destination);

dnnl::memory::dims dims_of(const dnnl::memory::desc& desc);

// What a primitive computes behind its operation: a residual is added, then the activation is applied. A stored number
// stands for number * scale; scales other than 1 are those of int8.
struct DnnlFusion {
  std::optional<dnnl::memory::data_type> residual{};
  std::optional<Activation::Function> activation{};
  float source_scale = 1, destination_scale = 1, residual_scale = 1;
  std::vector<float> weight_scales{};  // per output channel; empty where the primitive computes in floats
  bool grouped = false;                // whether the weights are [groups, ...]
};

// The attributes that say so, and the constants that go with them at execution.
struct DnnlAttributes {
  dnnl::primitive_attr attributes;
  std::unordered_map<int, dnnl::memory> constants;
};
DnnlAttributes make_attributes(const dnnl::engine& engine, const DnnlFusion& fusion = {});

// Multiplies by `factor` on the way.
struct DnnlReorder {
  dnnl::reorder::primitive_desc primitive;
  std::unordered_map<int, dnnl::memory> constants;
};
DnnlReorder make_reorder(const dnnl::engine& engine, const dnnl::memory::desc& from, const dnnl::memory::desc& to,
                         float factor);

// The bias as a primitive with these scales wants it.
std::vector<float> scaled_bias(std::vector<float> bias, const DnnlFusion& fusion);

}  // namespace graft
