// graft-learn: the part of graft that needs libtorch: training, and what is measured beside libtorch. `graft train` and
// `graft bench` start it with the same arguments.
#include <fmt/format.h>

#include <iostream>

#include "base/json.h"
#include "base/progress.h"
#include "base/thread_pool.h"
#include "cli/commands.h"
#include "learn/feature_cache.h"
#include "learn/infer_comparison.h"
#include "learn/train_job.h"

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

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("The part of graft that needs libtorch; people type `graft`.", "graft");
  app.require_subcommand(1);
  bool json = false;
  graft::TrainOptions options;
  options.cache = graft::default_cache_folder();
  graft::add_train(app, options, json)->callback([&] {
    if (json) graft::silence_progress();
    print(graft::run_train(options), json, say);
  });
  graft::InferComparisonOptions comparison;
  graft::add_bench(app, comparison, json)->callback([&] {
    if (json) graft::silence_progress();
    print(graft::compare_inference(comparison), json, graft::say_bench);
  });
  return graft::run_program(app, argc, argv);
}
