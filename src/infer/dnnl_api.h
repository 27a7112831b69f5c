// The calls in which oneDNN 2 and 3 differ. Everything else of oneDNN is used as it is.
#pragma once

#include <dnnl.hpp>
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

void append_activation(dnnl::post_ops& operations, Activation::Function function);

}  // namespace graft
