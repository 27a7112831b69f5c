#include "infer/dnnl_program.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "infer/dnnl_api.h"

namespace graft {
namespace {

using Desc = dnnl::memory::desc;
using Dims = dnnl::memory::dims;
using Tag = dnnl::memory::format_tag;
using Type = dnnl::memory::data_type;

Type type_of(Precision precision) {
  return precision == Precision::bf16 ? Type::bf16 : Type::f32;
}

// A layer's output: where it lies and how.
struct Value {
  Desc desc;
  BufferId buffer = -1;
};

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

class Compiler {
 public:
  Compiler(const Program& program, std::int64_t batch, const dnnl::engine& engine, DnnlWeights& weights)
      : program_(program),
        batch_(batch),
        engine_(engine),
        weights_(weights),
        last_use_(program.layers.size(), 0),
        values_(program.layers.size()),
        buffers_(2) {
    for (std::size_t i = 0; i < program.layers.size(); ++i) {
      for (const LayerId input : program.layers[i].inputs) last_use_[index(input)] = static_cast<LayerId>(i);
    }
    last_use_[index(program.output)] = std::numeric_limits<LayerId>::max();
  }

  DnnlProgram compile() {
    for (std::size_t i = 0; i < program_.layers.size(); ++i) {
      const Layer& layer = program_.layers[i];
      id_ = static_cast<LayerId>(i);
      try {
        values_[i] = std::visit([&](const auto& operation) { return run(layer, operation); }, layer.operation);
      } catch (const dnnl::error& error) {
        fail(Kind::invalid, layer.name, ": oneDNN cannot run this ", name_of(layer.operation), ": ", error.what());
      }
    }
    deliver(values_[index(program_.output)]);
    out_.memory = plan_memory(buffers_);
    return std::move(out_);
  }

 private:
  static std::size_t index(LayerId id) { return static_cast<std::size_t>(id); }
  const Layer& layer_at(LayerId id) const { return program_.layers[index(id)]; }

  // ---- Descriptions ----

  Dims dims(const Layer& layer) const { return {batch_, layer.size.channels, layer.size.height, layer.size.width}; }
  Desc free_layout(const Layer& layer, Type type) const { return {dims(layer), type, Tag::any}; }
  // The output is floats, so a linear layer that computes it writes floats.
  Type value_type(LayerId id) const {
    const bool logits = id == program_.output && std::holds_alternative<Linear>(layer_at(id).operation);
    return logits ? Type::f32 : type_of(layer_at(id).precision);
  }

  static dnnl::primitive_attr attributes(const Layer& layer) {
    dnnl::post_ops operations;
    if (layer.residual) operations.append_sum(1);
    if (layer.activation) append_activation(operations, *layer.activation);
    dnnl::primitive_attr attributes;
    attributes.set_post_ops(operations);
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    return attributes;
  }

  // ---- Steps and buffers ----

  BufferId new_buffer(const Desc& desc) {
    buffers_.push_back({.bytes = desc.get_size(), .first = -1, .last = -1});
    return static_cast<BufferId>(buffers_.size()) - 1;
  }

  void add_step(const dnnl::primitive& primitive, const Desc& scratchpad, std::vector<DnnlArgument> arguments,
                std::unordered_map<int, dnnl::memory> weights = {}) {
    if (scratchpad.get_size() > 0) arguments.push_back({DNNL_ARG_SCRATCHPAD, new_buffer(scratchpad), scratchpad});
    const int step = static_cast<int>(out_.steps.size());
    for (const DnnlArgument& argument : arguments) {
      Buffer& buffer = buffers_[static_cast<std::size_t>(argument.buffer)];
      if (buffer.first < 0) buffer.first = step;
      buffer.last = step;
    }
    out_.steps.push_back({primitive, std::move(arguments), std::move(weights)});
  }

  void add_reorder(const Value& from, const Value& to) {
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    const dnnl::reorder::primitive_desc reorder(engine_, from.desc, engine_, to.desc, attributes);
    add_step(dnnl::reorder(reorder), reorder.scratchpad_desc(),
             {{DNNL_ARG_FROM, from.buffer, from.desc}, {DNNL_ARG_TO, to.buffer, to.desc}});
  }

  // The layer's output in this layout, reordered where it lies in another one.
  Value as(LayerId id, const Desc& wanted) {
    const Value& value = values_[index(id)];
    if (value.desc == wanted) return value;
    const Value reordered{wanted, new_buffer(wanted)};
    add_reorder(value, reordered);
    return reordered;
  }

  // The layer's output in this type, in the layout it has.
  Value as(LayerId id, Type type) {
    return value_type(id) == type ? values_[index(id)] : as(id, Desc(dims(layer_at(id)), type, Tag::nchw));
  }

  // A buffer that holds the residual of `layer` for it to be added to.
  BufferId accumulator(const Layer& layer, const Desc& desc) {
    const LayerId residual = layer.inputs.back();
    const Value& value = values_[index(residual)];
    const bool spent = last_use_[index(residual)] == id_ && layer.inputs.front() != residual;
    if (spent && value.desc == desc && value.buffer != kInputBuffer) return value.buffer;
    const Value copy{desc, new_buffer(desc)};
    add_reorder(value, copy);
    return copy.buffer;
  }

  std::unordered_map<int, dnnl::memory> weights_of(const Layer& layer, const Dims& sizes, const Desc& weight,
                                                   const Desc& bias) {
    const Desc plain(sizes, Type::f32, sizes.size() == 5 ? Tag::goihw : Tag::oihw);
    const Desc plain_bias({layer.size.channels}, Type::f32, Tag::x);
    return {{DNNL_ARG_WEIGHTS, weights_.get(id_, DnnlWeights::Part::weight, layer.weight, plain, weight)},
            {DNNL_ARG_BIAS, weights_.get(id_, DnnlWeights::Part::bias, layer.bias, plain_bias, bias)}};
  }

  // ---- Operations: each adds the steps of one layer and says where its output lies. ----

  Value run(const Layer& layer, const Input&) { return {{dims(layer), Type::f32, Tag::nchw}, kInputBuffer}; }

  Value run(const Layer& layer, const Conv2d& x) {
    const Layer& input = layer_at(layer.inputs[0]);
    const Type type = type_of(layer.precision);
    const std::int64_t out = layer.size.channels, in = input.size.channels, groups = x.groups;
    Dims sizes = {out, in, x.kernel.height, x.kernel.width};
    if (groups > 1) sizes = {groups, out / groups, in / groups, x.kernel.height, x.kernel.width};
    const auto convolution = make_convolution(
        engine_, window_of(x.kernel, x.stride, x.padding, x.dilation), free_layout(input, type),
        {sizes, type, Tag::any}, {{out}, Type::f32, Tag::x}, free_layout(layer, value_type(id_)), attributes(layer));
    const Value source = as(layer.inputs[0], convolution.src_desc());
    Value output{convolution.dst_desc()};
    output.buffer = layer.residual ? accumulator(layer, output.desc) : new_buffer(output.desc);
    add_step(dnnl::convolution_forward(convolution), convolution.scratchpad_desc(),
             {{DNNL_ARG_SRC, source.buffer, source.desc}, {DNNL_ARG_DST, output.buffer, output.desc}},
             weights_of(layer, sizes, convolution.weights_desc(), convolution.bias_desc()));
    return output;
  }

  Value run(const Layer& layer, const Linear&) {
    const Layer& input = layer_at(layer.inputs[0]);
    const Type type = type_of(layer.precision);
    const Dims sizes = {layer.size.channels, input.size.channels, input.size.height, input.size.width};
    const Desc matrix({batch_, layer.size.channels}, value_type(id_), Tag::nc);
    const auto product = make_inner_product(engine_, free_layout(input, type), {sizes, type, Tag::any},
                                            {{layer.size.channels}, Type::f32, Tag::x}, matrix, attributes(layer));
    const Value source = as(layer.inputs[0], product.src_desc());
    const Value output{{dims(layer), value_type(id_), Tag::nchw}, new_buffer(matrix)};
    add_step(dnnl::inner_product_forward(product), product.scratchpad_desc(),
             {{DNNL_ARG_SRC, source.buffer, source.desc}, {DNNL_ARG_DST, output.buffer, matrix}},
             weights_of(layer, sizes, product.weights_desc(), product.bias_desc()));
    return output;
  }

  Value run_pooling(const Layer& layer, dnnl::algorithm algorithm, DnnlWindow window) {
    reach_last_window(window, layer_at(layer.inputs[0]).size, layer.size);
    const Type type = type_of(layer.precision);
    const Value source = as(layer.inputs[0], type);
    const auto pooling =
        make_pooling(engine_, algorithm, window, source.desc, free_layout(layer, type), attributes(layer));
    const Value output{pooling.dst_desc(), new_buffer(pooling.dst_desc())};
    add_step(dnnl::pooling_forward(pooling), pooling.scratchpad_desc(),
             {{DNNL_ARG_SRC, source.buffer, source.desc}, {DNNL_ARG_DST, output.buffer, output.desc}});
    return output;
  }

  Value run(const Layer& layer, const MaxPool& x) {
    return run_pooling(layer, dnnl::algorithm::pooling_max, window_of(x.kernel, x.stride, x.padding));
  }

  Value run(const Layer& layer, const AveragePool& x) {
    const auto algorithm =
        x.count_padding ? dnnl::algorithm::pooling_avg_include_padding : dnnl::algorithm::pooling_avg_exclude_padding;
    return run_pooling(layer, algorithm, window_of(x.kernel, x.stride, x.padding));
  }

  Value run(const Layer& layer, const GlobalAveragePool&) {
    const Size size = layer_at(layer.inputs[0]).size;
    const Pair whole{static_cast<int>(size.height), static_cast<int>(size.width)};
    return run_pooling(layer, dnnl::algorithm::pooling_avg_include_padding, window_of(whole, {}, {}));
  }

  Value run(const Layer& layer, const Activation& x) {
    Value value = as(layer.inputs[0], type_of(layer.precision));
    for (const auto& activation : make_activation(engine_, x.function, value.desc, attributes(layer))) {
      const Value output{value.desc, new_buffer(value.desc)};
      add_step(dnnl::eltwise_forward(activation), activation.scratchpad_desc(),
               {{DNNL_ARG_SRC, value.buffer, value.desc}, {DNNL_ARG_DST, output.buffer, output.desc}});
      value = output;
    }
    return value;
  }

  Value run(const Layer& layer, const Add&) {
    const Value first = as(layer.inputs[0], type_of(layer.precision));
    const Value second = as(layer.inputs[1], first.desc);
    const auto sum = make_sum(engine_, first.desc, second.desc, first.desc, attributes(layer));
    const Value output{first.desc, new_buffer(first.desc)};
    add_step(dnnl::binary(sum), sum.scratchpad_desc(),
             {{DNNL_ARG_SRC_0, first.buffer, first.desc},
              {DNNL_ARG_SRC_1, second.buffer, second.desc},
              {DNNL_ARG_DST, output.buffer, output.desc}});
    return output;
  }

  Value run(const Layer& layer, const Concat&) {
    std::vector<Desc> sources;
    std::vector<DnnlArgument> arguments;
    for (std::size_t i = 0; i < layer.inputs.size(); ++i) {
      const Value source = as(layer.inputs[i], type_of(layer.precision));
      sources.push_back(source.desc);
      arguments.push_back({DNNL_ARG_MULTIPLE_SRC + static_cast<int>(i), source.buffer, source.desc});
    }
    const auto concat = make_concat(engine_, sources, free_layout(layer, type_of(layer.precision)), attributes(layer));
    const Value output{concat.dst_desc(), new_buffer(concat.dst_desc())};
    arguments.push_back({DNNL_ARG_DST, output.buffer, output.desc});
    add_step(dnnl::concat(concat), concat.scratchpad_desc(), std::move(arguments));
    return output;
  }

  template <typename Other>
  Value run(const Layer& layer, const Other&) {
    fail(Kind::invalid, layer.name, ": a plan has no way to run ", name_of(layer.operation));
  }

  // Sees to it that the output arrives in the caller's memory: written there at once where its layout is the caller's.
  void deliver(const Value& value) {
    const Desc wanted(dims(layer_at(program_.output)), Type::f32, Tag::nchw);
    if (value.desc != wanted || value.buffer == kInputBuffer) return add_reorder(value, {wanted, kOutputBuffer});
    for (DnnlStep& step : out_.steps) {
      for (DnnlArgument& argument : step.arguments) {
        if (argument.buffer == value.buffer) argument.buffer = kOutputBuffer;
      }
    }
    buffers_[static_cast<std::size_t>(value.buffer)].bytes = 0;
  }

  const Program& program_;
  std::int64_t batch_;
  const dnnl::engine& engine_;
  DnnlWeights& weights_;
  std::vector<LayerId> last_use_;  // the last layer that reads each layer
  std::vector<Value> values_;
  std::vector<Buffer> buffers_;
  DnnlProgram out_;
  LayerId id_ = 0;  // the layer at hand
};

}  // namespace

DnnlProgram compile(const Program& program, std::int64_t batch, const dnnl::engine& engine, DnnlWeights& weights) {
  return Compiler(program, batch, engine, weights).compile();
}

}  // namespace graft
