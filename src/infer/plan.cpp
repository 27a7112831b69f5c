#include "infer/plan.h"

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "base/background.h"
#include "base/error.h"
#include "base/thread_pool.h"
#include "infer/dnnl_execution.h"
#include "infer/dnnl_program.h"
#include "infer/passes.h"
#include "infer/precision_passes.h"
#include "infer/streams.h"
#include "infer/thread_limit.h"

namespace graft {
namespace {

// Larger pieces are slower: what their first layers write leaves the cache.
constexpr std::int64_t kLargestPiece = 2;

struct Piece {
  std::int64_t first, count;
};

// Pieces for `streams` to take as they become free.
std::vector<Piece> divide(std::int64_t batch, std::size_t streams) {
  const std::int64_t share =
      std::min(kLargestPiece, std::max<std::int64_t>(1, batch / static_cast<std::int64_t>(streams)));
  std::vector<Piece> pieces;
  for (std::int64_t done = 0; done < batch; done += pieces.back().count) {
    const auto left = static_cast<std::uint64_t>(std::min(share, batch - done));
    pieces.push_back({done, static_cast<std::int64_t>(std::bit_floor(left))});
  }
  return pieces;
}

double seconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void choose_precisions(Program& program, const PlanOptions& options) {
  if (options.precision != Precision::int8) return set_precision(program, options.precision);
  quantise(program, is_available(Precision::bf16) ? Precision::bf16 : Precision::fp32, options.ranges);
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

void require_available(Precision precision) {
  if (is_available(precision)) return;
  fail(Kind::unavailable, "this processor has no ", name_of(precision), " arithmetic: leave --precision ",
       name_of(precision), " out, or pass fp32");
}

// One thread that all cores work for at a time, on one image. It is no stream, as the threads that oneDNN starts would
// be pinned to the stream's core too. It begins with the first image: a process with more of oneDNN's threads than
// cores computes more slowly in all of them, libtorch's included, as they then sleep at every barrier.
class Plan::Together {
 public:
  Together(const Program& program, const dnnl::engine& engine, DnnlWeights& weights, int threads)
      : program_(program), engine_(engine), weights_(weights), execution_(engine), threads_(threads) {}

  // False, and nothing is done, while another caller's image is computed.
  bool run(const float* input, float* output) {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) return false;
    if (!thread_) begin();
    thread_
        ->submit([&] {
          const ThreadLimit limit(threads_);
          execution_.run(compiled_, input, output);
        })
        .get();
    return true;
  }
  std::size_t bytes() const {
    const std::lock_guard lock(mutex_);
    return execution_.bytes();
  }

 private:
  void begin() {
    auto thread = std::make_unique<ThreadPool>(1);
    thread
        ->submit([&] {
          const ThreadLimit limit(threads_);
          compiled_ = compile(program_, 1, engine_, weights_);
          execution_.reserve(compiled_);
        })
        .get();
    thread_ = std::move(thread);
  }

  const Program& program_;
  const dnnl::engine& engine_;
  DnnlWeights& weights_;
  mutable std::mutex mutex_;  // guards what follows
  DnnlProgram compiled_;
  DnnlExecution execution_;
  std::unique_ptr<ThreadPool> thread_;
  int threads_;
};

struct Plan::State {
  State(const Graph& graph, const Weights& given, const PlanOptions& options)
      : streams(options.threads > 0 ? options.threads : static_cast<int>(available_cores())) {
    const auto write_down = [&] {
      program = lower(graph, given);
      optimize(program);
      choose_precisions(program, options);
    };
    // All now, so that the first image does not wait, and what cannot be compiled is an error of the constructor.
    const auto compile_for = [&](std::size_t, std::size_t i) {
      programs[i] = compile(program, std::int64_t{1} << i, engine, weights);
    };
    if (options.in_background) {
      in_background([&] {
        const ThreadLimit limit(1);  // as on a stream
        write_down();
        for (std::size_t i = 0; i < programs.size(); ++i) compile_for(0, i);
      });
    } else {
      write_down();
      streams.run(programs.size(), compile_for);
    }
    const int cores = static_cast<int>(streams.size());
    if (cores > 1 && options.one_image != PlanOptions::OneImage::one_stream)
      together = std::make_unique<Together>(program, engine, weights, cores);
    for (Layer& layer : program.layers) layer.weight = layer.bias = {};
    for (std::size_t i = 0; i < streams.size(); ++i) {
      executions.push_back(std::make_unique<DnnlExecution>(engine));
      executions.back()->reserve(programs.back());
    }
    const bool timed = options.one_image == PlanOptions::OneImage::timed;
    if (timed && together && !is_sooner_together()) together.reset();
  }

  // Whether images that come at once, one for each core, are done sooner when all cores work for one of them and its
  // own core for each other: the middle of a few runs, turn about, and by a quarter. For an image that is really alone
  // all cores are nearly always sooner, but each layer then waits for the core that has something else to do, which
  // under load costs far more than it gains.
  bool is_sooner_together() {
    constexpr std::size_t kRounds = 7;
    const auto input_size = program.layers.front().size.count();
    const auto output_size = program.layers[static_cast<std::size_t>(program.output)].size.count();
    const std::vector<float> input(static_cast<std::size_t>(input_size));
    // Each its own, as the thread sanitizer does not see that OpenMP's threads are done with theirs.
    std::vector<std::vector<float>> outputs(streams.size(), std::vector<float>(static_cast<std::size_t>(output_size)));
    std::vector<float> shared(static_cast<std::size_t>(output_size));
    const auto at_once = [&](bool with_all) {
      parallel_for(streams.size(), streams.size(), [&](std::size_t i) {
        if (with_all && together->run(input.data(), shared.data())) return;
        streams.run(1, [&](std::size_t stream, std::size_t) {
          executions[stream]->run(programs.front(), input.data(), outputs[i].data());
        });
      });
    };
    at_once(true);  // compiles
    at_once(false);
    std::array<double, kRounds> all{}, own{};
    for (std::size_t round = 0; round < kRounds; ++round) {
      all[round] = seconds_of([&] { at_once(true); });
      own[round] = seconds_of([&] { at_once(false); });
    }
    std::ranges::sort(all);
    std::ranges::sort(own);
    return all[kRounds / 2] < 0.75 * own[kRounds / 2];
  }

  const DnnlProgram& compiled_for(std::int64_t batch) const {
    return programs[static_cast<std::size_t>(std::bit_width(static_cast<std::uint64_t>(batch)) - 1)];
  }

  Program program;  // without its weights
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  DnnlWeights weights{engine};
  std::array<DnnlProgram, std::bit_width(static_cast<std::uint64_t>(kLargestPiece))> programs;  // of 1, 2, 4, ...
  std::vector<std::unique_ptr<DnnlExecution>> executions;                                       // one for each stream
  Streams streams;
  std::unique_ptr<Together> together;
};

Plan::Plan(const Graph& graph, const Weights& weights, const PlanOptions& options) {
  require_available(options.precision);
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
  if (batch == 1 && state_->together && state_->together->run(input.data(), output.data())) return;
  const std::vector<Piece> pieces = divide(batch, state_->streams.size());
  state_->streams.run(pieces.size(), [&](std::size_t stream, std::size_t i) {
    const auto [first, count] = pieces[i];
    state_->executions[stream]->run(state_->compiled_for(count), input.data() + first * input_length(),
                                    output.data() + first * output_length());
  });
}

std::vector<LayerTime> Plan::profile(std::span<const float> input, std::int64_t batch) const {
  constexpr int kRounds = 9;
  const std::int64_t piece = divide(batch, 1).front().count;
  const DnnlProgram& compiled = state_->compiled_for(piece);
  std::vector<float> output(static_cast<std::size_t>(piece * output_length()));
  std::vector<std::vector<double>> rounds(kRounds + 1);
  require(input.size() >= static_cast<std::size_t>(piece * input_length()), "plan: too few images to profile with");
  state_->streams.run(1, [&](std::size_t stream, std::size_t) {
    for (auto& seconds : rounds) {
      seconds = state_->executions[stream]->time_steps(compiled, input.data(), output.data());
    }
  });
  std::vector<LayerTime> times;
  for (std::size_t i = 0; i < compiled.steps.size(); ++i) {
    const DnnlStep& step = compiled.steps[i];
    const Layer& layer = state_->program.layers[static_cast<std::size_t>(step.layer)];
    std::vector<double> seconds;
    for (int round = 1; round <= kRounds; ++round) seconds.push_back(rounds[static_cast<std::size_t>(round)][i]);
    std::nth_element(seconds.begin(), seconds.begin() + kRounds / 2, seconds.end());
    const double scale = static_cast<double>(batch) / static_cast<double>(piece);
    times.push_back(
        {.name = layer.name,
         .operation = step.converts ? "reorder" : name_of(layer.operation),
         .precision = step.converts ? layer.output : layer.precision,
         .seconds = seconds[kRounds / 2] * scale,
         .multiply_adds = step.converts ? 0 : static_cast<double>(batch) * multiply_adds(state_->program, layer)});
  }
  return times;
}

std::int64_t Plan::input_length() const {
  return state_->program.layers.front().size.count();
}
std::int64_t Plan::output_length() const {
  return state_->program.layers[static_cast<std::size_t>(state_->program.output)].size.count();
}

bool Plan::one_image_together() const {
  return state_->together != nullptr;
}

std::size_t Plan::weight_bytes() const {
  return state_->weights.bytes();
}

std::size_t Plan::arena_bytes() const {
  std::size_t sum = state_->together ? state_->together->bytes() : 0;
  for (const auto& execution : state_->executions) sum += execution->bytes();
  return sum;
}

}  // namespace graft
