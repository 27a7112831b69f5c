// Steps, buffers and conversions of a DnnlProgram while it is compiled.
#pragma once

#include "infer/dnnl_api.h"
#include "infer/dnnl_program.h"

namespace graft {

// How numbers are stored: a stored number stands for number * scale.
struct DnnlFormat {
  dnnl::memory::data_type type;
  float scale = 1;
};

// What a layer that computes in `precision` reads of `input`.
DnnlFormat read_format(const Layer& input, Precision precision);
// What the layer writes.
DnnlFormat written_format(const Layer& layer);

// The layout of `desc`, whose numbers are of the type `from`, with numbers of the type `to`. Unset where it is none of
// the usual ones.
std::optional<dnnl::memory::desc> with_type(const dnnl::memory::desc& desc, dnnl::memory::data_type from,
                                            dnnl::memory::data_type to);

class DnnlBuilder {
 public:
  DnnlBuilder(const Program& program, std::int64_t batch, const dnnl::engine& engine, Keep keep);

  // The steps added from here on are the layer's, until add_value() says where its output lies.
  void begin(LayerId layer) { layer_ = layer; }
  void add_value(const DnnlValue& value) { values_[index(layer_)] = value; }

  const dnnl::engine& engine() const { return engine_; }
  const Layer& layer_at(LayerId id) const { return program_.layers[index(id)]; }
  const Layer& layer() const { return layer_at(layer_); }
  LayerId layer_id() const { return layer_; }
  // Of the layer's output: [batch, channels, height, width].
  dnnl::memory::dims dims(const Layer& layer) const;

  BufferId new_buffer(const dnnl::memory::desc& desc);
  void add_step(const dnnl::primitive& primitive, const dnnl::memory::desc& scratchpad,
                std::vector<DnnlArgument> arguments, std::unordered_map<int, dnnl::memory> constants = {});

  // A layer's output in a layout and scale, converted where it has others.
  DnnlValue as(LayerId id, const dnnl::memory::desc& desc, float scale);
  // The same in a format, in the layout it has where that is possible.
  DnnlValue as(LayerId id, const DnnlFormat& format);

  // A buffer that holds the residual of the layer at hand, in this format and layout, for the layer to add to.
  BufferId accumulator(const dnnl::memory::desc& desc, float scale);

  // Sees to it that the output arrives in the caller's memory: written there at once where its layout is the caller's.
  DnnlProgram finish();

 private:
  static std::size_t index(LayerId id) { return static_cast<std::size_t>(id); }
  void add_reorder(const DnnlValue& from, const DnnlValue& to);

  const Program& program_;
  std::int64_t batch_;
  const dnnl::engine& engine_;
  Keep keep_;
  std::vector<LayerId> last_use_;  // the last layer that reads each layer
  std::vector<DnnlValue> values_;
  std::vector<std::vector<DnnlValue>> conversions_;  // of each layer's output, for the next that asks
  std::vector<Buffer> buffers_;
  DnnlProgram out_;
  LayerId layer_ = 0;  // the one at hand
  bool converting_ = false;
};

}  // namespace graft
