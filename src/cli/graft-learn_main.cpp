// graft-learn: training, the part of graft that needs libtorch. `graft train` starts it with the same arguments.
#include <fmt/format.h>

#include <iostream>

#include "base/json.h"
#include "base/progress.h"
#include "base/thread_pool.h"
#include "cli/commands.h"
#include "learn/feature_cache.h"
#include "learn/train_job.h"

namespace {

void say(const graft::OrderedJson& result) {
  if (!result.contains("verdict")) return;
  fmt::print("\n{}\n", result.at("verdict").get<std::string>());
  fmt::print("  model   {}\n  report  {}\n  time    {:.1f} s\n", result.at("bundle").get<std::string>(),
             result.at("report").get<std::string>(), result.at("seconds").get<double>());
  fmt::print("  answers in {}\n", result.at("precision").get<std::string>());
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Training for graft; people type `graft train`.", "graft");
  app.require_subcommand(1);
  graft::TrainOptions options;
  options.cache = graft::default_cache_folder();
  bool json = false;
  graft::add_train(app, options, json)->callback([&] {
    if (json) graft::silence_progress();
    const graft::OrderedJson result = graft::run_train(options);
    if (json) {
      std::cout << result.dump() << '\n';
    } else {
      say(result);
    }
  });
  return graft::run_program(app, argc, argv);
}
