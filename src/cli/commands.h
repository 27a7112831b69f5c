// The commands of `graft`, one file each. add_x(app) declares command x: its options, its help, and what it does.
#pragma once

#include <CLI/CLI.hpp>

#include "base/json_forward.h"
#include "recipe/infer_comparison_options.h"
#include "recipe/train_options.h"

namespace graft {

// Declares `train` and fills `options` when it is given. `json` asks for one JSON object on stdout.
CLI::App* add_train(CLI::App& app, TrainOptions& options, bool& json);

// Declares `bench infer` in the same way, and `bench scaling`.
CLI::App* add_bench(CLI::App& app, InferComparisonOptions& options, bool& json);
// What it measured, as tables on stdout.
void say_bench(const OrderedJson& result);

void add_scaling(CLI::App& bench);

void add_evaluate(CLI::App& app);
void add_predict(CLI::App& app);
void add_serve(CLI::App& app);
void add_push(CLI::App& app);
void add_pull(CLI::App& app);
void add_up(CLI::App& app);
void add_down(CLI::App& app);
void add_status(CLI::App& app);
void add_user(CLI::App& app);
void add_inspect(CLI::App& app);
void add_import(CLI::App& app);
void add_dataset(CLI::App& app);
// Prints a script that completes every command and option of `app`.
void add_completion(CLI::App& app);

// The check without its words in the help, where the type's name and the description say enough.
inline CLI::Validator quiet(CLI::Validator check) {
  return check.description("");
}

// Parses and runs: 0 done, 1 failed, 2 wrong usage. An error is one sentence on stderr.
int run_program(CLI::App& app, int argc, char** argv);

// What a command throws to end with this exit code after it has said all there is to say.
struct Exit {
  int code;
};

}  // namespace graft
