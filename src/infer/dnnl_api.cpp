#include "infer/dnnl_api.h"

#include <algorithm>
#include <mutex>

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

// oneDNN 2 fills a table of its reorders, which concatenations use too, without a lock.
std::mutex& reorder_table() {
  static std::mutex mutex;
  return mutex;
}

dnnl::primitive_attr user_scratchpad() {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

}  // namespace

#if DNNL_VERSION_MAJOR >= 3

namespace {

dnnl::memory constant(const dnnl::engine& engine, const std::vector<float>& values) {
  const auto size = static_cast<std::int64_t>(values.size());
  dnnl::memory memory({{size}, dnnl::memory::data_type::f32, dnnl::memory::format_tag::x}, engine);
  std::copy(values.begin(), values.end(), static_cast<float*>(memory.get_data_handle()));
  return memory;
}

}  // namespace

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
  const std::lock_guard lock(reorder_table());
  return {engine, destination, 1, sources, attributes};
}

DnnlAttributes make_attributes(const dnnl::engine& engine, const DnnlFusion& fusion) {
  DnnlAttributes out{user_scratchpad(), {}};
  const auto scale = [&](int argument, int mask, const std::vector<float>& values) {
    out.attributes.set_scales_mask(argument, mask);
    out.constants[DNNL_ARG_ATTR_SCALES | argument] = constant(engine, values);
  };
  if (!fusion.weight_scales.empty()) {
    scale(DNNL_ARG_SRC, 0, {fusion.source_scale});
    scale(DNNL_ARG_WEIGHTS, fusion.grouped ? 3 : 1, fusion.weight_scales);
    if (fusion.destination_scale != 1) scale(DNNL_ARG_DST, 0, {fusion.destination_scale});
  }
  dnnl::post_ops operations;
  if (fusion.residual) operations.append_sum(fusion.residual_scale, 0, *fusion.residual);
  if (fusion.activation) {
    for (const auto [algorithm, alpha, beta] : elementwise(*fusion.activation)) {
      operations.append_eltwise(algorithm, alpha, beta);
    }
  }
  out.attributes.set_post_ops(operations);
  return out;
}

DnnlReorder make_reorder(const dnnl::engine& engine, const dnnl::memory::desc& from, const dnnl::memory::desc& to,
                         float factor) {
  const std::lock_guard lock(reorder_table());
  dnnl::primitive_attr attributes = user_scratchpad();
  if (factor == 1) return {{engine, from, engine, to, attributes}, {}};
  attributes.set_scales_mask(DNNL_ARG_SRC, 0);
  return {{engine, from, engine, to, attributes}, {{DNNL_ARG_ATTR_SCALES | DNNL_ARG_SRC, constant(engine, {factor})}}};
}

std::vector<float> scaled_bias(std::vector<float> bias, const DnnlFusion&) {
  return bias;
}

dnnl::memory::dims dims_of(const dnnl::memory::desc& desc) {
  return desc.get_dims();
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
  const std::lock_guard lock(reorder_table());
  return {destination, 1, sources, engine, attributes};
}

// Scales are factors of what the integers add up to, so the bias and an activation's bounds are in those units too.
DnnlAttributes make_attributes(const dnnl::engine&, const DnnlFusion& fusion) {
  DnnlAttributes out{user_scratchpad(), {}};
  if (!fusion.weight_scales.empty()) {
    std::vector<float> factors = fusion.weight_scales;
    for (float& factor : factors) factor *= fusion.source_scale / fusion.destination_scale;
    out.attributes.set_output_scales(1 << 1, factors);
  }
  dnnl::post_ops operations;
  if (fusion.residual) {
    operations.append_sum(fusion.residual_scale / fusion.destination_scale, 0, *fusion.residual);
  }
  if (fusion.activation) {
    for (const auto [algorithm, alpha, beta] : elementwise(*fusion.activation)) {
      operations.append_eltwise(1, algorithm, alpha, beta / fusion.destination_scale);
    }
  }
  out.attributes.set_post_ops(operations);
  return out;
}

DnnlReorder make_reorder(const dnnl::engine& engine, const dnnl::memory::desc& from, const dnnl::memory::desc& to,
                         float factor) {
  const std::lock_guard lock(reorder_table());
  dnnl::primitive_attr attributes = user_scratchpad();
  if (factor != 1) attributes.set_output_scales(0, {factor});
  return {{engine, from, engine, to, attributes}, {}};
}

std::vector<float> scaled_bias(std::vector<float> bias, const DnnlFusion& fusion) {
  for (std::size_t i = 0; i < fusion.weight_scales.size(); ++i) {
    bias[i] /= fusion.source_scale * fusion.weight_scales[i];
  }
  return bias;
}

dnnl::memory::dims dims_of(const dnnl::memory::desc& desc) {
  return desc.dims();
}

#endif

void reorder_now(dnnl::memory source, dnnl::memory destination) {
  const dnnl::reorder reorder = [&] {
    const std::lock_guard lock(reorder_table());
    return dnnl::reorder(source, destination);
  }();
  dnnl::stream stream(source.get_engine());
  reorder.execute(stream, source, destination);
  stream.wait();
}

}  // namespace graft
