#include "infer/dnnl_builder.h"

#include <limits>

#include "base/error.h"

namespace graft {

using Desc = dnnl::memory::desc;
using Tag = dnnl::memory::format_tag;
using Type = dnnl::memory::data_type;

DnnlFormat read_format(const Layer& input, Precision precision) {
  switch (precision) {
    case Precision::fp32:
      return {Type::f32};
    case Precision::bf16:
      return {Type::bf16};
    case Precision::int8:
      require(input.quantisation.scale > 0, input.name, ": is read in int8 without a scale");
      return {input.quantisation.is_signed ? Type::s8 : Type::u8, input.quantisation.scale};
  }
  fail(Kind::internal, "oneDNN: an unknown precision");
}

DnnlFormat written_format(const Layer& layer) {
  return read_format(layer, layer.output);
}

std::optional<Desc> with_type(const Desc& desc, Type from, Type to) {
  const dnnl::memory::dims sizes = dims_of(desc);
  for (const Tag tag : {Tag::nhwc, Tag::nChw16c, Tag::nChw8c, Tag::nchw}) {
    if (desc == Desc(sizes, from, tag)) return Desc(sizes, to, tag);
  }
  return std::nullopt;
}

DnnlBuilder::DnnlBuilder(const Program& program, std::int64_t batch, const dnnl::engine& engine, Keep keep)
    : program_(program),
      batch_(batch),
      engine_(engine),
      keep_(keep),
      last_use_(program.layers.size(), 0),
      values_(program.layers.size()),
      conversions_(program.layers.size()),
      buffers_(2) {
  for (std::size_t i = 0; i < program.layers.size(); ++i) {
    for (const LayerId input : program.layers[i].inputs) last_use_[index(input)] = static_cast<LayerId>(i);
  }
  last_use_[index(program.output)] = std::numeric_limits<LayerId>::max();
}

dnnl::memory::dims DnnlBuilder::dims(const Layer& layer) const {
  return {batch_, layer.size.channels, layer.size.height, layer.size.width};
}

BufferId DnnlBuilder::new_buffer(const Desc& desc) {
  buffers_.push_back({.bytes = desc.get_size(), .first = -1, .last = -1});
  return static_cast<BufferId>(buffers_.size()) - 1;
}

void DnnlBuilder::add_step(const dnnl::primitive& primitive, const Desc& scratchpad,
                           std::vector<DnnlArgument> arguments, std::unordered_map<int, dnnl::memory> constants) {
  if (scratchpad.get_size() > 0) arguments.push_back({DNNL_ARG_SCRATCHPAD, new_buffer(scratchpad), scratchpad});
  const int step = static_cast<int>(out_.steps.size());
  for (const DnnlArgument& argument : arguments) {
    Buffer& buffer = buffers_[static_cast<std::size_t>(argument.buffer)];
    if (buffer.first < 0) buffer.first = step;
    buffer.last = step;
  }
  out_.steps.push_back({layer_, converting_, primitive, std::move(arguments), std::move(constants)});
}

void DnnlBuilder::add_reorder(const DnnlValue& from, const DnnlValue& to) {
  converting_ = true;
  const DnnlReorder reorder = make_reorder(engine_, from.desc, to.desc, from.scale / to.scale);
  add_step(dnnl::reorder(reorder.primitive), reorder.primitive.scratchpad_desc(),
           {{DNNL_ARG_FROM, from.buffer, from.desc}, {DNNL_ARG_TO, to.buffer, to.desc}}, reorder.constants);
  converting_ = false;
}

DnnlValue DnnlBuilder::as(LayerId id, const Desc& desc, float scale) {
  const DnnlValue& value = values_[index(id)];
  const auto fits = [&](const DnnlValue& candidate) { return candidate.desc == desc && candidate.scale == scale; };
  if (fits(value)) return value;
  for (const DnnlValue& candidate : conversions_[index(id)]) {
    if (fits(candidate)) return candidate;
  }
  const DnnlValue converted{desc, new_buffer(desc), scale};
  add_reorder(value, converted);
  conversions_[index(id)].push_back(converted);
  return converted;
}

DnnlValue DnnlBuilder::as(LayerId id, const DnnlFormat& format) {
  const auto same_layout = with_type(values_[index(id)].desc, written_format(layer_at(id)).type, format.type);
  return as(id, same_layout.value_or(Desc(dims(layer_at(id)), format.type, Tag::nchw)), format.scale);
}

BufferId DnnlBuilder::accumulator(const Desc& desc, float scale) {
  const LayerId residual = layer().inputs.back();
  const DnnlValue& value = values_[index(residual)];
  const bool spent = keep_ == Keep::output && last_use_[index(residual)] == layer_ &&
                     layer().inputs.front() != residual && value.buffer != kInputBuffer;
  if (spent && value.desc == desc && value.scale == scale) return value.buffer;
  const DnnlValue copy{desc, new_buffer(desc), scale};
  add_reorder(value, copy);
  return copy.buffer;
}

DnnlProgram DnnlBuilder::finish() {
  const DnnlValue& value = values_[index(program_.output)];
  const Desc wanted(dims(layer_at(program_.output)), Type::f32, Tag::nchw);
  if (value.desc != wanted || value.buffer == kInputBuffer || keep_ == Keep::everything) {
    add_reorder(value, {wanted, kOutputBuffer});
  } else {
    for (DnnlStep& step : out_.steps) {
      for (DnnlArgument& argument : step.arguments) {
        if (argument.buffer == value.buffer) argument.buffer = kOutputBuffer;
      }
    }
    buffers_[static_cast<std::size_t>(value.buffer)].bytes = 0;
  }
  if (keep_ == Keep::everything) {
    for (Buffer& buffer : buffers_) buffer.last = static_cast<int>(out_.steps.size());
  }
  out_.memory = plan_memory(buffers_);
  out_.values = std::move(values_);
  return std::move(out_);
}

}  // namespace graft
