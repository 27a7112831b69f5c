#include "infer/plan.h"

#include <algorithm>
#include <bit>
#include <map>
#include <mutex>
#include <vector>

#include "base/error.h"
#include "infer/dnnl_execution.h"
#include "infer/dnnl_program.h"
#include "infer/passes.h"
#include "infer/thread_limit.h"

namespace graft {
namespace {

constexpr std::int64_t kLargestPiece = 16;

std::int64_t next_piece(std::int64_t left) {
  return std::min(kLargestPiece, static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(left))));
}

}  // namespace

bool is_available(Precision precision) {
  if (precision == Precision::fp32) return true;
  const auto has = [](dnnl::cpu_isa wanted) {
    const auto bits = static_cast<unsigned>(wanted);
    return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & bits) == bits;
  };
  return has(dnnl::cpu_isa::avx512_core_bf16);
}

struct Plan::State {
  State(const Graph& graph, const Weights& given, int thread_count, Precision precision)
      : program(lower(graph, given)), threads(thread_count) {
    optimize(program, precision);
    (void)compiled(1);  // now rather than in the first run: what cannot be compiled is an error of the constructor
    for (Layer& layer : program.layers) layer.weight = layer.bias = {};
  }

  const DnnlProgram& compiled(std::int64_t batch) {
    const std::lock_guard lock(mutex);
    auto& entry = programs[batch];
    if (!entry) {
      const ThreadLimit limit(threads);
      entry = std::make_unique<DnnlProgram>(compile(program, batch, engine, weights));
    }
    return *entry;
  }

  DnnlExecution* acquire() {
    const std::lock_guard lock(mutex);
    if (idle.empty()) {
      executions.push_back(std::make_unique<DnnlExecution>(engine));
      return executions.back().get();
    }
    DnnlExecution* execution = idle.back();
    idle.pop_back();
    return execution;
  }
  void release(DnnlExecution* execution) {
    const std::lock_guard lock(mutex);
    idle.push_back(execution);
  }

  Program program;  // without its weights once it has been compiled
  int threads;
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  std::mutex mutex;  // guards what follows
  DnnlWeights weights{engine};
  std::map<std::int64_t, std::unique_ptr<DnnlProgram>> programs;  // by batch; an entry never changes
  std::vector<std::unique_ptr<DnnlExecution>> executions;         // one for each caller there was at once
  std::vector<DnnlExecution*> idle;                               // the last used last: its memory is warm
};

Plan::Plan(const Graph& graph, const Weights& weights, int threads, Precision precision) {
  if (!is_available(precision)) {
    fail(Kind::unavailable, graph.architecture, ": this processor has no bf16 arithmetic; use fp32");
  }
  state_ = std::make_unique<State>(graph, weights, threads, precision);
}

Plan::~Plan() = default;
Plan::Plan(Plan&&) noexcept = default;
Plan& Plan::operator=(Plan&&) noexcept = default;

void Plan::run(std::span<const float> input, std::int64_t batch, std::span<float> output) const {
  require(batch > 0 && input.size() == static_cast<std::size_t>(batch * input_length()) &&
              output.size() == static_cast<std::size_t>(batch * output_length()),
          "plan: a batch of ", batch, " takes ", batch * input_length(), " numbers and gives ", batch * output_length(),
          ", not ", input.size(), " and ", output.size());
  const ThreadLimit limit(state_->threads);
  const auto give_back = [this](DnnlExecution* execution) { state_->release(execution); };
  const std::unique_ptr<DnnlExecution, decltype(give_back)> execution(state_->acquire(), give_back);
  for (std::int64_t done = 0, piece = 0; done < batch; done += piece) {
    piece = next_piece(batch - done);
    execution->run(state_->compiled(piece), input.data() + done * input_length(),
                   output.data() + done * output_length());
  }
}

std::int64_t Plan::input_length() const {
  return state_->program.layers.front().size.count();
}
std::int64_t Plan::output_length() const {
  return state_->program.layers[static_cast<std::size_t>(state_->program.output)].size.count();
}

std::size_t Plan::weight_bytes() const {
  const std::lock_guard lock(state_->mutex);
  return state_->weights.bytes();
}

std::size_t Plan::arena_bytes() const {
  const std::lock_guard lock(state_->mutex);
  std::size_t sum = 0;
  for (const auto& execution : state_->executions) sum += execution->bytes();
  return sum;
}

}  // namespace graft
