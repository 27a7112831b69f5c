// graft-learn: the part of graft that needs libtorch: training, and what is measured beside libtorch. `graft train` and
// `graft bench` start it with the same arguments.
#include <fmt/format.h>

#include <iostream>

#include "base/json.h"
#include "base/log.h"
#include "base/machine.h"
#include "base/progress.h"
#include "base/thread_pool.h"
#include "cli/commands.h"
#include "dist/join.h"
#include "learn/device.h"
#include "learn/infer_comparison.h"
#include "learn/train_job.h"
#include "membership/launch.h"

namespace {

void say(const graft::OrderedJson& result) {
  if (!result.contains("verdict")) return;
  fmt::print("\n{}\n", result.at("verdict").get<std::string>());
  fmt::print("  model   {}\n  report  {}\n  time    {:.1f} s\n", result.at("bundle").get<std::string>(),
             result.at("report").get<std::string>(), result.at("seconds").get<double>());
  fmt::print("  answers in {}\n", result.at("precision").get<std::string>());
  for (const graft::PrecisionCheck& check :
       graft::precision_checks_from_json(graft::Json(result.at("precision_checks")), "the result")) {
    fmt::print("    {}, {}\n", graft::describe(check), graft::passes(check) ? "near enough" : "too far off");
  }
}

// The result as one JSON object, or in words.
void print(const graft::OrderedJson& result, bool json, void (*say_it)(const graft::OrderedJson&)) {
  if (json) {
    std::cout << result.dump() << '\n';
  } else {
    say_it(result);
  }
}

// Runs the command on the ranks it asks for, or as one of those that something else has started.
void train(graft::TrainOptions& options, bool json, const std::vector<std::string>& arguments) {
  using namespace graft;
  const std::optional<Place> place = find_place();
  if (!place && options.ranks > 1) {
    const LaunchOptions launched{.ranks = options.ranks,
                                 .least = options.min_ranks > 0 ? options.min_ranks : options.ranks,
                                 .logs = options.out / "run" / "ranks"};
    throw Exit{launch(launched, arguments)};
  }
  if (place) {
    require(options.ranks == 1 || options.ranks == place->size, "--ranks ", options.ranks, " is not the ", place->size,
            " that ", place->found_in, " started: leave it out");
    options.ranks = place->size;
  }
  require(options.min_ranks <= options.ranks, "--min-ranks ", options.min_ranks, " is more than the ", options.ranks,
          " ranks there are");
  Joined joined = join(place, options.min_ranks, device_of(options).is_cuda());
  if (json || !joined.group->leads()) silence_progress();
  if (!joined.group->leads()) spdlog::set_level(spdlog::level::err);
  try {
    const OrderedJson result = run_train(options, *joined.group);
    if (!result.is_null()) print(result, json, say);
  } catch (const std::exception& error) {
    joined.group->fail_all(error.what());
    throw;
  }
  leave(joined);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("The part of graft that needs libtorch; people type `graft`.", "graft");
  app.require_subcommand(1);
  bool json = false;
  graft::TrainOptions options;
  options.cache = graft::cache_folder();
  graft::add_train(app, options, json)->callback([&] { train(options, json, {argv, argv + argc}); });
  graft::InferComparisonOptions comparison;
  graft::add_bench(app, comparison, json)->callback([&] {
    if (json) graft::silence_progress();
    print(graft::compare_inference(comparison), json, graft::say_bench);
  });
  return graft::run_program(app, argc, argv);
}
