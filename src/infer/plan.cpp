#include "infer/plan.h"

#include <algorithm>
#include <bit>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/thread_pool.h"
#include "infer/dnnl_execution.h"
#include "infer/dnnl_program.h"
#include "infer/passes.h"
#include "infer/precision_passes.h"
#include "infer/thread_limit.h"

namespace graft {
namespace {

constexpr std::int64_t kLargestPiece = 8;  // larger ones are no faster: their layers leave the cache

struct Piece {
  std::int64_t first, count;
};

// How a batch is run: in pieces, each by one lane of `threads` threads. Lanes that never wait for each other beat one
// lane of all threads, which meets at a barrier after every layer.
struct Division {
  std::vector<Piece> pieces;
  int lanes, threads;
};

Division divide(std::int64_t batch, int threads) {
  const int lanes = static_cast<int>(std::min<std::int64_t>(batch, threads));
  const std::int64_t share = std::min(kLargestPiece, batch / lanes);
  Division division{{}, lanes, threads / lanes};
  for (std::int64_t done = 0; done < batch; done += division.pieces.back().count) {
    const auto left = static_cast<std::uint64_t>(std::min(share, batch - done));
    division.pieces.push_back({done, static_cast<std::int64_t>(std::bit_floor(left))});
  }
  return division;
}

}  // namespace

bool is_available(Precision precision) {
  if (precision == Precision::fp32) return true;
  const auto has = [](dnnl::cpu_isa wanted) {
    const auto bits = static_cast<unsigned>(wanted);
    return (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & bits) == bits;
  };
  if (precision == Precision::bf16) return has(dnnl::cpu_isa::avx512_core_bf16);
  return has(dnnl::cpu_isa::avx512_core_vnni) || has(dnnl::cpu_isa::avx2_vnni);
}

struct Plan::State {
  State(const Graph& graph, const Weights& given, const PlanOptions& options)
      : program(lower(graph, given)),
        threads(options.threads > 0 ? options.threads : static_cast<int>(available_cores())) {
    optimize(program);
    if (options.precision == Precision::int8) {
      const Precision rest = is_available(Precision::bf16) ? Precision::bf16 : Precision::fp32;
      quantise(program, rest, options.ranges);
    } else {
      set_precision(program, options.precision);
    }
    // Now rather than in the first run: what cannot be compiled is an error of the constructor.
    const ThreadLimit limit(threads);
    (void)compiled(1, threads);
    for (Layer& layer : program.layers) layer.weight = layer.bias = {};
  }

  // REQUIRES: the calling thread is limited to `limit` threads.
  const DnnlProgram& compiled(std::int64_t batch, int limit) {
    const std::lock_guard lock(mutex);
    auto& entry = programs[{batch, limit}];
    if (!entry) entry = std::make_unique<DnnlProgram>(compile(program, batch, engine, weights));
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
  std::map<std::pair<std::int64_t, int>, std::unique_ptr<DnnlProgram>> programs;  // by batch and threads
  std::vector<std::unique_ptr<DnnlExecution>> executions;  // one for each caller there was at once
  std::vector<DnnlExecution*> idle;                        // the last used last: its memory is warm
};

Plan::Plan(const Graph& graph, const Weights& weights, const PlanOptions& options) {
  if (!is_available(options.precision)) {
    fail(Kind::unavailable, graph.architecture, ": this processor has no ", name_of(options.precision),
         " arithmetic; use fp32");
  }
  state_ = std::make_unique<State>(graph, weights, options);
}

Plan::~Plan() = default;
Plan::Plan(Plan&&) noexcept = default;
Plan& Plan::operator=(Plan&&) noexcept = default;

void Plan::run(std::span<const float> input, std::int64_t batch, std::span<float> output) const {
  require(batch > 0 && input.size() == static_cast<std::size_t>(batch * input_length()) &&
              output.size() == static_cast<std::size_t>(batch * output_length()),
          "plan: a batch of ", batch, " takes ", batch * input_length(), " numbers and gives ", batch * output_length(),
          ", not ", input.size(), " and ", output.size());
  const Division division = divide(batch, state_->threads);
  parallel_for(division.pieces.size(), static_cast<std::size_t>(division.lanes), [&](std::size_t i) {
    const auto [first, count] = division.pieces[i];
    const ThreadLimit limit(division.threads);
    const auto give_back = [this](DnnlExecution* execution) { state_->release(execution); };
    const std::unique_ptr<DnnlExecution, decltype(give_back)> execution(state_->acquire(), give_back);
    execution->run(state_->compiled(count, division.threads), input.data() + first * input_length(),
                   output.data() + first * output_length());
  });
}

std::vector<LayerTime> Plan::profile(std::span<const float>, std::int64_t) const {
  return {};
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
