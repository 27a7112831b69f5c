#include "container/train.h"

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/printable.h"
#include "base/words.h"
#include "container/channels.h"
#include "container/child.h"
#include "container/hyper_parameters.h"
#include "container/metric_lines.h"
#include "container/stop.h"
#include "data/open.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFailure = 1024;  // what is shown of it

// Weights that the image brings along: a folder.
fs::path packaged_weights() {
  const char* folder = std::getenv("GRAFT_PRETRAINED");
  return folder ? folder : "";
}

// A platform runs jobs of several owners on one machine: a list may name images of its own job's channels, and no other
// file.
void check_inside(const Dataset& images, const fs::path& channels) {
  const fs::path folder = fs::absolute(channels).lexically_normal() / "";
  for (std::size_t i = 0; i < images.size(); ++i) {
    const fs::path path = images.path(i);
    if (path.empty()) continue;  // of a pipe or a file of records, which were opened as channels
    require(fs::absolute(path).lexically_normal().string().starts_with(folder.string()), "a list names ",
            printable(images.name(i)),
            ", which lies outside of the channels of this job: put the image into a channel");
  }
}

void check_data(const TrainRequest& request, const Inputs& inputs, const OptMl& folders) {
  const Splits splits = open_splits(inputs.train, inputs.validation, inputs.test);
  for (const DatasetPtr& images : {splits.train, splits.validation, splits.test}) {
    if (images) check_inside(*images, folders.channels());
  }
  const Dataset& images = *splits.train;
  require(!request.labels || images.labels().size() == *request.labels, "num_classes=", request.labels.value_or(0),
          ", and the channel train has ", images.labels().size(), " labels: correct it, or leave it out");
  require(!request.images || images.size() == *request.images, "num_training_samples=", request.images.value_or(0),
          ", and the channel train has ", images.size(), " images: correct it, or leave it out");
}

// The command line of the job, as a person would type it.
std::vector<std::string> command_of(const TrainRequest& request, const Inputs& inputs, const JobConfig& job,
                                    const OptMl& folders, const fs::path& scratch) {
  std::vector<std::string> command{"train"};
  const auto add = [&](const char* option, const fs::path& path) {
    if (!path.empty()) command.insert(command.end(), {option, path.string()});
  };
  add("--train", inputs.train);
  add("--validation", inputs.validation);
  add("--test", inputs.test);
  if (request.mode != "scratch") add("--from", inputs.model);
  command.insert(command.end(), request.arguments.begin(), request.arguments.end());
  if (!request.recipe.empty()) {
    write_file(scratch / "recipe.json", request.recipe);
    add("--recipe", scratch / "recipe.json");
  }
  add("--checkpoints", folders.checkpoints());
  command.push_back("--resume");
  // Hosts share one place for checkpoints, and each appends to its own cache.
  if (!std::getenv("GRAFT_CACHE")) add("--cache", folders.checkpoints() / "features" / job.host);
  add("--out", folders.output());
  return command;
}

void say(const TrainRequest& request, const std::vector<std::string>& command) {
  for (const std::string& note : request.notes) spdlog::info("{}", note);
  std::cout << "graft " << join(command, " ") << std::endl;
}

// Without a copy in between where both are on one disk.
void move_file(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (!error) return;
  fs::copy_file(from, to, fs::copy_options::overwrite_existing);
  fs::remove(from);
}

// The bundle goes to where models are taken from; graft.json last, as it says that the bundle is whole.
void hand_over(const OptMl& folders) {
  make_folder(folders.model());
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folders.output())) {
    const fs::path name = entry.path().filename();
    if (name == "graph.json" || name.extension() == ".safetensors") files.push_back(entry.path());
  }
  files.push_back(folders.output() / "graft.json");
  for (const fs::path& file : files) move_file(file, folders.model() / file.filename());
}

std::optional<double> accuracy_on(const Json& bundle, const char* split) {
  const Json metrics = bundle.value("metrics", Json::object());
  if (!metrics.is_object() || !metrics.contains(split)) return {};
  return metrics.at(split).value("accuracy", 0.0);
}

void say_kept(const OptMl& folders, std::optional<double> best_validation) {
  const fs::path file = folders.model() / "graft.json";
  const Json bundle = parse_json(read_text(file), file.string());
  const std::optional<double> validation = accuracy_on(bundle, "validation");
  std::cout << kept_lines(validation ? validation : best_validation, accuracy_on(bundle, "test")) << std::flush;
}

std::string reason_of(const ChildEnd& end) {
  if (!end.error.empty()) return end.error;
  if (stop_wanted()) return "the job was stopped before there was a model";
  if (!end.killed) return text("training ended with exit code ", end.status);
  const bool memory = end.status == 128 + SIGKILL;
  return text(
      "training was ended by signal ", end.status - 128,
      memory ? "; most likely the memory was not enough: use a larger instance, or a smaller mini_batch_size" : "");
}

ChildEnd run(const OptMl& folders, const fs::path& learn) {
  const JobConfig job = read_job(folders);
  const std::vector<Channel> channels = known_channels(job.channels);
  const fs::path packaged = packaged_weights();
  const TrainRequest request =
      request_of(job.parameters, {has_channel(channels, "model"), !packaged.empty()}, job.hosts);
  const TemporaryFolder scratch;
  Inputs inputs = prepare(channels, folders, scratch.path());
  if (inputs.model.empty() && request.mode != "scratch") inputs.model = find_model(packaged, scratch.path());
  check_data(request, inputs, folders);
  std::vector<std::string> command = command_of(request, inputs, job, folders, scratch.path());
  say(request, command);
  check_for_stop();

  command.insert(command.begin(), learn.string());
  MetricFollower metrics(folders.output() / "run", request.mode == "scratch" ? "scratch" : "transfer");
  // SIGUSR1 asks graft-learn to end training at the next step and to keep the best until then.
  ChildEnd end = run_child(command, SIGUSR1, [&] { std::cout << metrics.news() << std::flush; });
  // Where another host leads, there is no bundle on this one.
  if (end.status == 0 && fs::exists(folders.output() / "graft.json")) {
    hand_over(folders);
    say_kept(folders, metrics.best_validation_accuracy());
  }
  return end;
}

// What a person sees of a job that failed.
void write_failure(const OptMl& folders, std::string_view reason) {
  try {
    make_folder(folders.failure().parent_path());
    write_file(folders.failure(), cut(reason, kMaxFailure));
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << '\n';
  }
}

}  // namespace

bool is_container_train(int argc, char** argv) {
  return argc == 2 && std::string_view(argv[1]) == "train" && has_job(opt_ml());
}

int container_train(const fs::path& learn) {
  start_log();
  watch_for_stop();
  const OptMl folders = opt_ml();
  try {
    std::error_code none;
    fs::remove(folders.failure(), none);
    const ChildEnd end = run(folders, learn);
    if (end.status != 0) write_failure(folders, reason_of(end));
    return end.status;
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << '\n';
    write_failure(folders, error.what());
    return stop_wanted() ? 128 + SIGTERM : 1;
  }
}

}  // namespace graft
