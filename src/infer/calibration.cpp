#include "infer/calibration.h"

#include <cmath>
#include <mutex>
#include <vector>

#include "base/error.h"
#include "base/thread_pool.h"
#include "infer/dnnl_execution.h"
#include "infer/dnnl_program.h"
#include "infer/histogram.h"
#include "infer/passes.h"
#include "infer/precision_passes.h"
#include "infer/streams.h"

namespace graft {

struct Calibrator::State {
  State(const Graph& graph, const Weights& given)
      : program(lower(graph, given)), streams(static_cast<int>(available_cores())) {
    optimize(program);
    set_precision(program, Precision::fp32);
    observations = std::vector<Observation>(program.layers.size());
    streams.run(1,
                [&](std::size_t, std::size_t) { compiled = compile(program, 1, engine, weights, Keep::everything); });
    for (Layer& layer : program.layers) layer.weight = layer.bias = {};
    for (std::size_t i = 0; i < streams.size(); ++i) executions.push_back(std::make_unique<DnnlExecution>(engine));
  }

  // One image, on one stream.
  void observe(std::size_t stream, const float* image) {
    const Layer& last = program.layers[static_cast<std::size_t>(program.output)];
    std::vector<float> values(static_cast<std::size_t>(last.size.count()));
    executions[stream]->run(compiled, image, values.data());
    for (std::size_t i = 1; i < program.layers.size(); ++i) {
      executions[stream]->read(compiled, static_cast<LayerId>(i), values);
      for (const float value : values) {
        require(std::isfinite(value), program.layers[i].name,
                ": its output is not a number; the weights or the images are damaged");
      }
      const std::lock_guard lock(observations[i].mutex);
      observations[i].histogram.add(values);
    }
  }

  struct Observation {
    std::mutex mutex;
    Histogram histogram;
  };

  Program program;
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  DnnlWeights weights{engine};
  DnnlProgram compiled;
  std::vector<std::unique_ptr<DnnlExecution>> executions;  // of each stream
  std::vector<Observation> observations;                   // of each layer's output
  std::int64_t images = 0;
  Streams streams;
};

Calibrator::Calibrator(const Graph& graph, const Weights& weights) : state_(std::make_unique<State>(graph, weights)) {}
Calibrator::~Calibrator() = default;

void Calibrator::observe(std::span<const float> images, std::int64_t batch) {
  const std::int64_t length = state_->program.layers.front().size.count();
  require(batch > 0 && images.size() == static_cast<std::size_t>(batch * length), "calibration: ", images.size(),
          " numbers are not ", batch, " images of ", length);
  state_->streams.run(static_cast<std::size_t>(batch), [&](std::size_t stream, std::size_t i) {
    state_->observe(stream, images.data() + static_cast<std::int64_t>(i) * length);
  });
  state_->images += batch;
}

ActivationRanges Calibrator::ranges() const {
  require(state_->images > 0, "calibration: no images were observed");
  ActivationRanges ranges;
  for (std::size_t i = 1; i < state_->program.layers.size(); ++i) {
    ranges[state_->program.layers[i].name] = state_->observations[i].histogram.best_range();
  }
  return ranges;
}

}  // namespace graft
