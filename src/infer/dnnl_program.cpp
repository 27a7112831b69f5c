#include "infer/dnnl_program.h"

#include <algorithm>

#include "base/error.h"
#include "infer/dnnl_builder.h"

namespace graft {
namespace {

using Desc = dnnl::memory::desc;
using Dims = dnnl::memory::dims;
using Tag = dnnl::memory::format_tag;
using Type = dnnl::memory::data_type;

DnnlWindow window_of(Pair kernel, Pair stride, const Padding& padding, Pair dilation = {}) {
  return {.kernel = {kernel.height, kernel.width},
          .strides = {stride.height, stride.width},
          .dilation = {dilation.height - 1, dilation.width - 1},
          .padding_before = {padding.top, padding.left},
          .padding_after = {padding.bottom, padding.right}};
}

// Rounding up, the last window of a pooling may reach beyond the padding; oneDNN wants to see it as padding.
void reach_last_window(DnnlWindow& window, Size in, Size out) {
  const Dims sizes = {in.height, in.width}, places = {out.height, out.width};
  for (std::size_t i = 0; i < 2; ++i) {
    const std::int64_t end = (places[i] - 1) * window.strides[i] + window.kernel[i];
    window.padding_after[i] = std::max(window.padding_after[i], end - sizes[i] - window.padding_before[i]);
  }
}

DnnlArgument argument(int key, const DnnlValue& value) {
  return {key, value.buffer, value.desc};
}

[[noreturn]] void refuse(const Layer& layer, const dnnl::error& error) {
  if (error.status == dnnl_out_of_memory) fail(Kind::unavailable, layer.name, ": there is not enough memory for it");
  throw Error(Kind::invalid, kUnsupportedByPlan,
              text(layer.name, ": oneDNN cannot run this ", name_of(layer.operation), ": ", error.what()));
}

// Adds the steps of one layer after another; run() has one form for each operation and answers where the output lies.
class Compiler {
 public:
  Compiler(const Program& program, std::int64_t batch, const dnnl::engine& engine, DnnlWeights& weights, Keep keep)
      : program_(program), build_(program, batch, engine, keep), weights_(weights) {}

  DnnlProgram compile() {
    for (std::size_t i = 0; i < program_.layers.size(); ++i) {
      const Layer& layer = program_.layers[i];
      build_.begin(static_cast<LayerId>(i));
      try {
        build_.add_value(std::visit([&](const auto& operation) { return run(layer, operation); }, layer.operation));
      } catch (const dnnl::error& error) {
        refuse(layer, error);
      }
    }
    return build_.finish();
  }

 private:
  Desc free_layout(const Layer& layer, Type type) const { return {build_.dims(layer), type, Tag::any}; }
  DnnlValue read(LayerId id, Precision precision) { return build_.as(id, read_format(build_.layer_at(id), precision)); }

  // What goes with a convolution or a linear layer that reads `source` and writes `destination`.
  DnnlFusion fusion_of(const Layer& layer, const DnnlFormat& source, const DnnlFormat& destination,
                       bool grouped) const {
    DnnlFusion fusion{.activation = layer.activation,
                      .source_scale = source.scale,
                      .destination_scale = destination.scale,
                      .weight_scales = layer.weight_scales,
                      .grouped = grouped};
    if (layer.residual) {
      const DnnlFormat residual = residual_format(layer, destination);
      fusion.residual = residual.type;
      fusion.residual_scale = residual.scale;
    }
    return fusion;
  }

  // A residual is added where the output goes, so both have numbers of one size.
  DnnlFormat residual_format(const Layer& layer, const DnnlFormat& destination) const {
    return layer.output == Precision::int8 ? read_format(build_.layer_at(layer.inputs.back()), Precision::int8)
                                           : destination;
  }

  std::unordered_map<int, dnnl::memory> weights_of(const Layer& layer, const Dims& sizes, const Desc& weight,
                                                   const Desc& bias, const DnnlFusion& fusion) {
    const Type type = layer.weight_scales.empty() ? Type::f32 : Type::s8;
    const Desc plain(sizes, type, sizes.size() == 5 ? Tag::goihw : Tag::oihw);
    const Desc plain_bias({layer.size.channels}, Type::f32, Tag::x);
    const LayerId id = build_.layer_id();
    const std::vector<float> summands = layer.bias.empty() ? layer.bias : scaled_bias(layer.bias, fusion);
    return {{DNNL_ARG_WEIGHTS,
             weights_.get(id, DnnlWeights::Part::weight, layer.weight, layer.weight_scales, plain, weight)},
            {DNNL_ARG_BIAS, weights_.get(id, DnnlWeights::Part::bias, summands, {}, plain_bias, bias)}};
  }

  static Type weight_type(const Layer& layer) {
    if (layer.precision == Precision::int8) return Type::s8;
    return layer.precision == Precision::bf16 ? Type::bf16 : Type::f32;
  }

  DnnlValue run(const Layer& layer, const Input&) { return {{build_.dims(layer), Type::f32, Tag::nchw}, kInputBuffer}; }

  DnnlValue run(const Layer& layer, const Conv2d& x) {
    const Layer& input = build_.layer_at(layer.inputs[0]);
    const std::int64_t out = layer.size.channels, in = input.size.channels, groups = x.groups;
    Dims sizes = {out, in, x.kernel.height, x.kernel.width};
    if (groups > 1) sizes = {groups, out / groups, in / groups, x.kernel.height, x.kernel.width};
    const DnnlFormat from = read_format(input, layer.precision), to = written_format(layer);
    const DnnlFusion fusion = fusion_of(layer, from, to, groups > 1);
    DnnlAttributes attributes = make_attributes(build_.engine(), fusion);
    const auto convolution =
        make_convolution(build_.engine(), window_of(x.kernel, x.stride, x.padding, x.dilation),
                         free_layout(input, from.type), {sizes, weight_type(layer), Tag::any},
                         {{out}, Type::f32, Tag::x}, free_layout(layer, to.type), attributes.attributes);
    const DnnlValue source = build_.as(layer.inputs[0], convolution.src_desc(), from.scale);
    DnnlValue output{convolution.dst_desc(), -1, to.scale};
    output.buffer = layer.residual ? accumulator(layer, output.desc, to) : build_.new_buffer(output.desc);
    attributes.constants.merge(weights_of(layer, sizes, convolution.weights_desc(), convolution.bias_desc(), fusion));
    build_.add_step(dnnl::convolution_forward(convolution), convolution.scratchpad_desc(),
                    {argument(DNNL_ARG_SRC, source), argument(DNNL_ARG_DST, output)}, attributes.constants);
    return output;
  }

  // The residual lies as the output will, in its own format.
  BufferId accumulator(const Layer& layer, const Desc& output, const DnnlFormat& destination) {
    const DnnlFormat format = residual_format(layer, destination);
    if (format.type == destination.type) return build_.accumulator(output, format.scale);
    const auto lies = with_type(output, destination.type, format.type);
    if (!lies) fail(Kind::internal, layer.name, ": its output has an unknown layout");
    return build_.accumulator(*lies, format.scale);
  }

  DnnlValue run(const Layer& layer, const Linear&) {
    const Layer& input = build_.layer_at(layer.inputs[0]);
    const Dims sizes = {layer.size.channels, input.size.channels, input.size.height, input.size.width};
    const DnnlFormat from = read_format(input, layer.precision), to = written_format(layer);
    const Desc matrix({build_.dims(layer)[0], layer.size.channels}, to.type, Tag::nc);
    const DnnlFusion fusion = fusion_of(layer, from, to, false);
    DnnlAttributes attributes = make_attributes(build_.engine(), fusion);
    const auto product =
        make_inner_product(build_.engine(), free_layout(input, from.type), {sizes, weight_type(layer), Tag::any},
                           {{layer.size.channels}, Type::f32, Tag::x}, matrix, attributes.attributes);
    const DnnlValue source = build_.as(layer.inputs[0], product.src_desc(), from.scale);
    const DnnlValue output{{build_.dims(layer), to.type, Tag::nchw}, build_.new_buffer(matrix), to.scale};
    attributes.constants.merge(weights_of(layer, sizes, product.weights_desc(), product.bias_desc(), fusion));
    build_.add_step(dnnl::inner_product_forward(product), product.scratchpad_desc(),
                    {argument(DNNL_ARG_SRC, source), {DNNL_ARG_DST, output.buffer, matrix}}, attributes.constants);
    return output;
  }

  DnnlValue run_pooling(const Layer& layer, dnnl::algorithm algorithm, DnnlWindow window) {
    reach_last_window(window, build_.layer_at(layer.inputs[0]).size, layer.size);
    const DnnlValue source = read(layer.inputs[0], layer.precision);
    const DnnlFormat to = written_format(layer);
    const auto pooling = make_pooling(build_.engine(), algorithm, window, source.desc, free_layout(layer, to.type),
                                      make_attributes(build_.engine()).attributes);
    const DnnlValue output{pooling.dst_desc(), build_.new_buffer(pooling.dst_desc()), to.scale};
    build_.add_step(dnnl::pooling_forward(pooling), pooling.scratchpad_desc(),
                    {argument(DNNL_ARG_SRC, source), argument(DNNL_ARG_DST, output)});
    return output;
  }

  DnnlValue run(const Layer& layer, const MaxPool& x) {
    return run_pooling(layer, dnnl::algorithm::pooling_max, window_of(x.kernel, x.stride, x.padding));
  }

  DnnlValue run(const Layer& layer, const AveragePool& x) {
    const auto algorithm =
        x.count_padding ? dnnl::algorithm::pooling_avg_include_padding : dnnl::algorithm::pooling_avg_exclude_padding;
    return run_pooling(layer, algorithm, window_of(x.kernel, x.stride, x.padding));
  }

  DnnlValue run(const Layer& layer, const GlobalAveragePool&) {
    const Size size = build_.layer_at(layer.inputs[0]).size;
    const Pair whole{static_cast<int>(size.height), static_cast<int>(size.width)};
    return run_pooling(layer, dnnl::algorithm::pooling_avg_include_padding, window_of(whole, {}, {}));
  }

  DnnlValue run(const Layer& layer, const Activation& x) {
    DnnlValue value = read(layer.inputs[0], layer.precision);
    const dnnl::primitive_attr attributes = make_attributes(build_.engine()).attributes;
    for (const auto& activation : make_activation(build_.engine(), x.function, value.desc, attributes)) {
      const DnnlValue output{value.desc, build_.new_buffer(value.desc)};
      build_.add_step(dnnl::eltwise_forward(activation), activation.scratchpad_desc(),
                      {argument(DNNL_ARG_SRC, value), argument(DNNL_ARG_DST, output)});
      value = output;
    }
    return value;
  }

  DnnlValue run(const Layer& layer, const Add&) {
    const DnnlValue first = read(layer.inputs[0], layer.precision);
    const DnnlValue second = build_.as(layer.inputs[1], first.desc, 1);
    const DnnlFusion fusion{.activation = layer.activation};
    const auto sum = make_sum(build_.engine(), first.desc, second.desc, first.desc,
                              make_attributes(build_.engine(), fusion).attributes);
    const DnnlValue output{first.desc, build_.new_buffer(first.desc)};
    build_.add_step(
        dnnl::binary(sum), sum.scratchpad_desc(),
        {argument(DNNL_ARG_SRC_0, first), argument(DNNL_ARG_SRC_1, second), argument(DNNL_ARG_DST, output)});
    return output;
  }

  DnnlValue run(const Layer& layer, const Concat&) {
    std::vector<Desc> sources;
    std::vector<DnnlArgument> arguments;
    for (std::size_t i = 0; i < layer.inputs.size(); ++i) {
      const DnnlValue source = read(layer.inputs[i], layer.precision);
      sources.push_back(source.desc);
      arguments.push_back(argument(DNNL_ARG_MULTIPLE_SRC + static_cast<int>(i), source));
    }
    const DnnlFormat to = written_format(layer);
    const auto concat =
        make_concat(build_.engine(), sources, free_layout(layer, to.type), make_attributes(build_.engine()).attributes);
    const DnnlValue output{concat.dst_desc(), build_.new_buffer(concat.dst_desc()), to.scale};
    arguments.push_back(argument(DNNL_ARG_DST, output));
    build_.add_step(dnnl::concat(concat), concat.scratchpad_desc(), std::move(arguments));
    return output;
  }

  template <typename Other>
  DnnlValue run(const Layer& layer, const Other&) {
    fail(Kind::invalid, layer.name, ": a plan has no way to run ", name_of(layer.operation));
  }

  const Program& program_;
  DnnlBuilder build_;
  DnnlWeights& weights_;
};

}  // namespace

DnnlProgram compile(const Program& program, std::int64_t batch, const dnnl::engine& engine, DnnlWeights& weights,
                    Keep keep) {
  return Compiler(program, batch, engine, weights, keep).compile();
}

}  // namespace graft
