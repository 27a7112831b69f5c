#include "infer/calibration.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "base/thread_pool.h"
#include "infer/dnnl_execution.h"
#include "infer/dnnl_program.h"
#include "infer/histogram.h"
#include "infer/passes.h"
#include "infer/precision_passes.h"

namespace graft {

struct Calibrator::State {
  State(const Graph& graph, const Weights& given) : program(lower(graph, given)) {
    optimize(program);
    set_precision(program, Precision::fp32);
    histograms.resize(program.layers.size());
    compiled = compile(program, 1, engine, weights, Keep::everything);
    for (Layer& layer : program.layers) layer.weight = layer.bias = {};
  }

  void observe(const float* image) {
    std::vector<float> output(
        static_cast<std::size_t>(program.layers[static_cast<std::size_t>(program.output)].size.count()));
    execution.run(compiled, image, output.data());
    parallel_for(program.layers.size() - 1, available_cores(), [&](std::size_t i) {
      std::vector<float> values;
      execution.read(compiled, static_cast<LayerId>(i + 1), values);
      for (const float value : values) {
        require(std::isfinite(value), program.layers[i + 1].name,
                ": its output is not a number; the weights or the images are damaged");
      }
      histograms[i + 1].add(values);
    });
    ++images;
  }

  Program program;
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  DnnlWeights weights{engine};
  DnnlProgram compiled;
  DnnlExecution execution{engine};
  std::vector<Histogram> histograms;  // of each layer's output
  std::int64_t images = 0;
};

Calibrator::Calibrator(const Graph& graph, const Weights& weights) : state_(std::make_unique<State>(graph, weights)) {}
Calibrator::~Calibrator() = default;

void Calibrator::observe(std::span<const float> images, std::int64_t batch) {
  const std::int64_t length = state_->program.layers.front().size.count();
  require(batch > 0 && images.size() == static_cast<std::size_t>(batch * length), "calibration: ", images.size(),
          " numbers are not ", batch, " images of ", length);
  for (std::int64_t i = 0; i < batch; ++i) state_->observe(images.data() + i * length);
}

ActivationRanges Calibrator::ranges() const {
  require(state_->images > 0, "calibration: no images were observed");
  ActivationRanges ranges;
  for (std::size_t i = 1; i < state_->program.layers.size(); ++i) {
    ranges[state_->program.layers[i].name] = state_->histograms[i].best_range();
  }
  return ranges;
}

}  // namespace graft
