#include "infer/dnnl_api.h"

#include "base/error.h"

namespace graft {
namespace {

constexpr auto kInference = dnnl::prop_kind::forward_inference;
constexpr auto kDirect = dnnl::algorithm::convolution_direct;

struct Elementwise {
  dnnl::algorithm algorithm;
  float alpha, beta;
};

// What to apply one after the other.
std::vector<Elementwise> elementwise(Activation::Function function) {
  const Elementwise relu{dnnl::algorithm::eltwise_relu, 0, 0};
  switch (function) {
    case Activation::Function::relu:
      return {relu};
    case Activation::Function::relu6:
      return {{dnnl::algorithm::eltwise_clip, 0, 6}};
    case Activation::Function::sqrt:
      return {relu, {dnnl::algorithm::eltwise_sqrt, 0, 0}};  // oneDNN's is not a number below 0
  }
  fail(Kind::internal, "oneDNN: an unknown activation");
}

}  // namespace

#if DNNL_VERSION_MAJOR >= 3

dnnl::convolution_forward::primitive_desc make_convolution(const dnnl::engine& engine, const DnnlWindow& window,
                                                           const dnnl::memory::desc& source,
                                                           const dnnl::memory::desc& weights,
                                                           const dnnl::memory::desc& bias,
                                                           const dnnl::memory::desc& destination,
                                                           const dnnl::primitive_attr& attributes) {
  return {engine,
          kInference,
          kDirect,
          source,
          weights,
          bias,
          destination,
          window.strides,
          window.dilation,
          window.padding_before,
          window.padding_after,
          attributes};
}

dnnl::inner_product_forward::primitive_desc make_inner_product(
    const dnnl::engine& engine, const dnnl::memory::desc& source, const dnnl::memory::desc& weights,
    const dnnl::memory::desc& bias, const dnnl::memory::desc& destination, const dnnl::primitive_attr& attributes) {
  return {engine, kInference, source, weights, bias, destination, attributes};
}

dnnl::pooling_forward::primitive_desc make_pooling(const dnnl::engine& engine, dnnl::algorithm algorithm,
                                                   const DnnlWindow& window, const dnnl::memory::desc& source,
                                                   const dnnl::memory::desc& destination,
                                                   const dnnl::primitive_attr& attributes) {
  return {engine,
          kInference,
          algorithm,
          source,
          destination,
          window.strides,
          window.kernel,
          window.dilation,
          window.padding_before,
          window.padding_after,
          attributes};
}

std::vector<dnnl::eltwise_forward::primitive_desc> make_activation(const dnnl::engine& engine,
                                                                   Activation::Function function,
                                                                   const dnnl::memory::desc& data,
                                                                   const dnnl::primitive_attr& attributes) {
  std::vector<dnnl::eltwise_forward::primitive_desc> chain;
  for (const auto [algorithm, alpha, beta] : elementwise(function)) {
    chain.emplace_back(engine, kInference, algorithm, data, data, alpha, beta, attributes);
  }
  return chain;
}

dnnl::binary::primitive_desc make_sum(const dnnl::engine& engine, const dnnl::memory::desc& first,
                                      const dnnl::memory::desc& second, const dnnl::memory::desc& destination,
                                      const dnnl::primitive_attr& attributes) {
  return {engine, dnnl::algorithm::binary_add, first, second, destination, attributes};
}

dnnl::concat::primitive_desc make_concat(const dnnl::engine& engine, const std::vector<dnnl::memory::desc>& sources,
                                         const dnnl::memory::desc& destination,
                                         const dnnl::primitive_attr& attributes) {
  return {engine, destination, 1, sources, attributes};
}

void append_activation(dnnl::post_ops& operations, Activation::Function function) {
  for (const auto [algorithm, alpha, beta] : elementwise(function)) operations.append_eltwise(algorithm, alpha, beta);
}

#else

dnnl::convolution_forward::primitive_desc make_convolution(const dnnl::engine& engine, const DnnlWindow& window,
                                                           const dnnl::memory::desc& source,
                                                           const dnnl::memory::desc& weights,
                                                           const dnnl::memory::desc& bias,
                                                           const dnnl::memory::desc& destination,
                                                           const dnnl::primitive_attr& attributes) {
  const dnnl::convolution_forward::desc convolution(kInference, kDirect, source, weights, bias, destination,
                                                    window.strides, window.dilation, window.padding_before,
                                                    window.padding_after);
  return {convolution, attributes, engine};
}

dnnl::inner_product_forward::primitive_desc make_inner_product(
    const dnnl::engine& engine, const dnnl::memory::desc& source, const dnnl::memory::desc& weights,
    const dnnl::memory::desc& bias, const dnnl::memory::desc& destination, const dnnl::primitive_attr& attributes) {
  return {{kInference, source, weights, bias, destination}, attributes, engine};
}

dnnl::pooling_forward::primitive_desc make_pooling(const dnnl::engine& engine, dnnl::algorithm algorithm,
                                                   const DnnlWindow& window, const dnnl::memory::desc& source,
                                                   const dnnl::memory::desc& destination,
                                                   const dnnl::primitive_attr& attributes) {
  const dnnl::pooling_forward::desc pooling(kInference, algorithm, source, destination, window.strides, window.kernel,
                                            window.padding_before, window.padding_after);
  return {pooling, attributes, engine};
}

std::vector<dnnl::eltwise_forward::primitive_desc> make_activation(const dnnl::engine& engine,
                                                                   Activation::Function function,
                                                                   const dnnl::memory::desc& data,
                                                                   const dnnl::primitive_attr& attributes) {
  std::vector<dnnl::eltwise_forward::primitive_desc> chain;
  for (const auto [algorithm, alpha, beta] : elementwise(function)) {
    const dnnl::eltwise_forward::desc activation(kInference, algorithm, data, alpha, beta);
    chain.emplace_back(activation, attributes, engine);
  }
  return chain;
}

dnnl::binary::primitive_desc make_sum(const dnnl::engine& engine, const dnnl::memory::desc& first,
                                      const dnnl::memory::desc& second, const dnnl::memory::desc& destination,
                                      const dnnl::primitive_attr& attributes) {
  return {{dnnl::algorithm::binary_add, first, second, destination}, attributes, engine};
}

dnnl::concat::primitive_desc make_concat(const dnnl::engine& engine, const std::vector<dnnl::memory::desc>& sources,
                                         const dnnl::memory::desc& destination,
                                         const dnnl::primitive_attr& attributes) {
  return {destination, 1, sources, engine, attributes};
}

void append_activation(dnnl::post_ops& operations, Activation::Function function) {
  for (const auto [algorithm, alpha, beta] : elementwise(function)) {
    operations.append_eltwise(1, algorithm, alpha, beta);
  }
}

#endif

}  // namespace graft
