// graft: the command people type. It has no libtorch and starts in milliseconds.
#include <filesystem>
#include <iostream>

#include "base/error.h"
#include "base/progress.h"
#include "cli/commands.h"
#include "cli/remote_paths.h"
#include "cli/start_training.h"
#include "container/train.h"
#include "runner/supervise.h"

namespace {

// graft-learn, which lies beside this program.
std::string learn_program() {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "graft-learn").string();
}

}  // namespace

int main(int argc, char** argv) {
  if (graft::is_container_train(argc, argv)) return graft::container_train(learn_program());
  // What the platform starts beside each of its jobs; nobody types it.
  if (argc == 3 && std::string_view(argv[1]) == "job-supervise") return graft::supervise(argv[2]);
  CLI::App app("Transfer learning for images, end to end, on your own machines.", "graft");
  app.require_subcommand(1);
  app.set_version_flag("--version", "graft " GRAFT_VERSION);
  graft::TrainOptions options;
  bool json = false;
  CLI::App* train = graft::add_train(app, options, json);
  const auto remote = graft::add_remote_paths(train);
  train->callback([&] {
    if (json) graft::silence_progress();
    graft::start_training(learn_program(), {argv, argv + argc}, options, *remote);
  });
  graft::InferComparisonOptions comparison;
  graft::add_evaluate(app);
  graft::add_predict(app);
  graft::add_serve(app);
  graft::add_push(app);
  graft::add_pull(app);
  graft::add_up(app);
  graft::add_down(app);
  graft::add_status(app);
  graft::add_user(app);
  graft::add_inspect(app);
  graft::add_import(app);
  graft::add_dataset(app);
  graft::add_bench(app, comparison, json)->callback([&] { graft::become(learn_program(), {argv, argv + argc}); });
  graft::add_completion(app);
  return graft::run_program(app, argc, argv);
}
