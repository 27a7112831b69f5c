#include "base/error.h"
#include "cli/commands.h"
#include "cli/precision_option.h"
#include "recipe/recipe_text.h"

namespace graft {
namespace {

const std::map<std::string, Mode> kModes{
    {"head", Mode::head}, {"finetune", Mode::finetune}, {"scratch", Mode::scratch}};
const std::map<std::string, TrainOptions::Device> kDevices{{"auto", TrainOptions::Device::automatic},
                                                           {"cpu", TrainOptions::Device::cpu},
                                                           {"cuda", TrainOptions::Device::cuda}};
const std::map<std::string, bool> kSwitch{{"on", true}, {"off", false}};

// Declares an option whose value is one of the words of `words`.
template <typename Value, typename Target>
void add_words(CLI::App* app, const std::string& name, Target& target, const std::map<std::string, Value>& words,
               const std::string& help) {
  std::vector<std::string> names;
  for (const auto& [word, value] : words) names.push_back(word);
  app->add_option_function<std::string>(
         name, [&target, &words](const std::string& word) { target = words.at(word); }, help)
      ->check(quiet(CLI::IsMember(names)))
      ->type_name(join(names, "|"));
}

// Declares an option that stays unset unless it is given.
template <typename Value>
void add_optional(CLI::App* app, const std::string& name, std::optional<Value>& target, double low, double high,
                  const std::string& help) {
  app->add_option_function<Value>(
         name, [&target](const Value& value) { target = value; }, help)
      ->check(quiet(CLI::Range(low, high)))
      ->type_name("N");
}

void add_data_options(CLI::App* app, TrainOptions& o) {
  app->add_option(
         "--train", o.train,
         "Images to learn from: a folder per label, a folder with train/, validation/ and test/, or a list (CSV, "
         "JSON lines, .lst, augmented manifest), or RecordIO (.rec)")
      ->required()
      ->type_name("PATH")
      ->group("Data");
  app->add_option("--validation", o.validation,
                  "Images to choose settings on; split off the training images when missing")
      ->type_name("PATH")
      ->group("Data");
  app->add_option("--test", o.test, "Images to report on, never chosen on")->type_name("PATH")->group("Data");
  app->add_flag("--allow-leak", o.allow_leak, "Go on though an image is in two splits, which makes the result too good")
      ->group("Data");
  app->add_flag("--balance", o.balance, "Weigh labels so that rare ones count as much as common ones")->group("Data");
}

void add_model_options(CLI::App* app, TrainOptions& o) {
  app->add_option("--from", o.from, "What to transfer from: a bundle, or weights (.safetensors, .pth, .h5)")
      ->type_name("BUNDLE|WEIGHTS")
      ->group("Model");
  app->add_option("--arch", o.architecture, "Architecture, e.g. resnet18, mobilenetv2_100")
      ->type_name("NAME")
      ->group("Model");
  app->add_option("--size", o.size, "Pixels each way of the network's input [the architecture's]")
      ->check(quiet(CLI::Range(16, 1024)))
      ->type_name("N")
      ->group("Model");
  app->add_option("--hidden", o.hidden, "Units of a hidden layer in the head [none: a linear head]")
      ->check(quiet(CLI::Range(1, 65536)))
      ->type_name("N")
      ->group("Model");
  add_precision(app, o.precision, "What the model answers in [the fastest that answers as fp32 does]")->group("Model");
  app->add_option("--freeze-to", o.freeze_to, "In finetune: the block or layer up to which all stays frozen")
      ->type_name("LAYER")
      ->group("Model");
}

void add_loop_options(CLI::App* app, TrainOptions& o) {
  add_optional(app, "--epochs", o.epochs, 1, 100000, "Passes over the images [by mode and number of images]");
  add_optional(app, "--batch", o.batch, 2, 65536, "Images in a step");
  add_words(app, "--optimizer", o.optimizer, optimizer_words(), "The optimizer");
  add_optional(app, "--learning-rate", o.learning_rate, 1e-9, 100, "The highest learning rate");
  add_words(app, "--schedule", o.schedule, schedule_words(), "How the learning rate moves");
  add_optional(app, "--warm-up", o.warm_up_epochs, 0, 1000, "Epochs over which the learning rate rises");
  add_optional(app, "--label-smoothing", o.label_smoothing, 0, 0.9, "Share of the target spread over all labels");
  add_optional(app, "--mixup", o.mixup, 0, 10, "Mix pairs of images; alpha of the share's distribution");
  add_optional(app, "--average", o.average_decay, 0, 0.99999, "Keep an average of the weights with this decay");
  add_optional(app, "--patience", o.patience, 1, 100000, "Stop after so many epochs without a better one");
  add_words(app, "--augment", o.augmentation, augmentation_words(), "How much images are varied");
  add_words(app, "--mixed-precision", o.mixed_precision, kSwitch,
            "Train in bf16 where that loses nothing [on where the processor or GPU computes in bf16]");
  app->add_option("--views", o.views, "In head mode: augmented views of each image, besides the image")
      ->check(quiet(CLI::Range(0, 100)))
      ->type_name("N");
}

void add_rank_options(CLI::App* app, TrainOptions& o) {
  app->add_option(
         "--ranks", o.ranks,
         "Processes on this machine that train together, each on its share of the cores; under mpirun, srun and "
         "others that start them, leave it out")
      ->check(quiet(CLI::Range(1, 1024)))
      ->type_name("N")
      ->group("Ranks");
  app->add_option("--min-ranks", o.min_ranks,
                  "Go on from the last checkpoint with so many when others are lost [a loss ends the job]")
      ->check(quiet(CLI::Range(1, 65536)))
      ->type_name("N")
      ->group("Ranks");
  app->add_flag("--sync-batch-norm", o.synchronise, "Batch norm's statistics are of the images of all ranks")
      ->group("Ranks");
  app->add_flag("--compress", o.compress, "Gradients travel rounded to bf16: half the bytes")->group("Ranks");
  app->add_flag_callback(
         "--no-overlap", [&o] { o.overlap = false; },
         "Gradients travel when the backward pass is over, to see what hiding them gains")
      ->group("Ranks");
  add_words(app, "--device", o.device, kDevices, "Where training computes; auto is a GPU where there is one");
  app->add_option("--checkpoint-minutes", o.checkpoint_minutes, "Between checkpoints within an epoch")
      ->check(quiet(CLI::Range(0.0, 1e6)))
      ->type_name("N")
      ->capture_default_str();
}

void add_run_options(CLI::App* app, TrainOptions& o, bool& json) {
  add_words(app, "--mode", o.mode, kModes,
            "What is trained: the head on frozen features, all from the top down, or all from scratch");
  app->add_option_function<std::string>(
         "--recipe", [&o](const std::string& name) { o.recipe = find_recipe(name); },
         "Settings of scratch and finetune, which options override; a file has any of the fields that a run prints")
      ->type_name(join(recipe_names(), "|") + "|FILE.json");
  app->add_flag("--compare", o.compare, "Train without transfer too, over 3 seeds, and report both");
  app->add_option("--seed", o.seed, "The same seed gives the same numbers")
      ->check(quiet(CLI::Range(0.0, 9e18)))
      ->type_name("N");
  app->add_option("--time-limit", o.time_limit, "Stop after so many seconds and keep the best until then")
      ->check(quiet(CLI::Range(1.0, 1e9)))
      ->type_name("SECONDS");
  app->add_flag("--resume", o.resume, "Go on where an earlier run into the same --out was stopped");
  app->add_option("--checkpoints", o.checkpoints, "Where checkpoints are kept [in --out]")->type_name("DIR");
  app->add_option("--cache", o.cache, "Where features are kept between runs [$GRAFT_CACHE, ~/.cache/graft]")
      ->type_name("DIR");
  app->add_option("--out", o.out, "The bundle to write")->required()->type_name("BUNDLE");
  app->add_flag("--json", json, "Print the result as JSON");
}

void refuse(bool given, const char* option, const char* mode) {
  if (given) throw CLI::ValidationError(text(option, " has no meaning with --mode ", mode, ": leave it out"));
}

// Nothing is ignored in silence: an option that the mode does not use is wrong usage.
void check_usage(const TrainOptions& o) {
  if (o.mode == Mode::scratch) {
    refuse(!o.from.empty(), "--from", "scratch");
    refuse(o.compare, "--compare", "scratch");
    refuse(o.hidden > 0, "--hidden", "scratch");
    refuse(o.views > 0, "--views", "scratch");
  } else if (o.min_ranks > 0 && o.compare) {
    throw CLI::ValidationError("--min-ranks has no meaning with --compare, which trains several times: leave one out");
  } else if (o.from.empty()) {
    throw CLI::ValidationError(
        "there is nothing to transfer from: pass --from with a bundle or weights, or --mode scratch");
  }
  refuse(o.mode != Mode::finetune && !o.freeze_to.empty(), "--freeze-to", o.mode == Mode::head ? "head" : "scratch");
  if (o.mode != Mode::head) return;
  refuse(o.recipe.has_value(), "--recipe", "head");
  refuse(o.batch.has_value(), "--batch", "head");
  refuse(o.patience.has_value(), "--patience", "head");
  refuse(o.learning_rate.has_value(), "--learning-rate", "head");
  refuse(o.mixup.has_value(), "--mixup", "head");
  refuse(o.average_decay.has_value(), "--average", "head");
  refuse(o.warm_up_epochs.has_value(), "--warm-up", "head");
  refuse(o.optimizer.has_value(), "--optimizer", "head");
  refuse(o.schedule.has_value(), "--schedule", "head");
  refuse(o.augmentation.has_value() && o.views == 0, "--augment without --views", "head");
  refuse(o.min_ranks > 0, "--min-ranks", "head");
  refuse(o.synchronise, "--sync-batch-norm", "head");
  refuse(o.compress, "--compress", "head");
  refuse(o.mixed_precision.has_value(), "--mixed-precision", "head");
  refuse(!o.overlap, "--no-overlap", "head");
}

}  // namespace

CLI::App* add_train(CLI::App& app, TrainOptions& options, bool& json) {
  CLI::App* train = app.add_subcommand("train", "Make a model of your own images");
  add_run_options(train, options, json);
  add_data_options(train, options);
  add_model_options(train, options);
  add_loop_options(train, options);
  add_rank_options(train, options);
  train->parse_complete_callback([&options] {
    if (options.recipe && options.mode != Mode::head) adopt(options);
    check_usage(options);
  });
  train->footer(
      "Example:\n  graft train --train photos --from imagenet.h5 --compare --out model\n  open model/report.html");
  return train;
}

}  // namespace graft
