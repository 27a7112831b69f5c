#include "container/metric_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "base/error.h"
#include "base/json.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

std::optional<double> number_at(const Json& metrics, const char* name) {
  const auto found = metrics.find(name);
  if (found == metrics.end() || !found->is_number()) return {};
  return found->get<double>();
}

}  // namespace

std::string metric_lines(const Json& metrics, int number, std::optional<double> seconds) {
  std::string lines;
  const auto train = number_at(metrics, "train/accuracy"), validation = number_at(metrics, "validation/accuracy");
  if (train) lines += fmt::format("Epoch[{}] Train-accuracy={:.6f}\n", number, *train);
  if (seconds) lines += fmt::format("Epoch[{}] Time cost={:.3f}\n", number, *seconds);
  if (validation) lines += fmt::format("Epoch[{}] Validation-accuracy={:.6f}\n", number, *validation);
  lines += fmt::format("epoch={};", number + 1);
  for (const char* name : {"train/accuracy", "train/loss", "validation/accuracy", "validation/loss"}) {
    const auto value = number_at(metrics, name);
    std::string said = name;
    std::replace(said.begin(), said.end(), '/', ':');
    if (value) lines += fmt::format(" {}={:.6f};", said, *value);
  }
  return lines + "\n";
}

std::string kept_lines(std::optional<double> validation_accuracy, std::optional<double> test_accuracy) {
  std::string lines;
  if (validation_accuracy) {
    lines += fmt::format("Storing the best model with validation accuracy: {:.6f}\n", *validation_accuracy);
    lines += fmt::format("kept: validation:accuracy={:.6f};\n", *validation_accuracy);
  }
  if (test_accuracy) lines += fmt::format("kept: test:accuracy={:.6f};\n", *test_accuracy);
  return lines;
}

MetricFollower::MetricFollower(fs::path folder, std::string name)
    : folder_(std::move(folder)), name_(std::move(name)) {}

std::string MetricFollower::news() {
  std::error_code unknown;
  for (const auto& run : fs::directory_iterator(folder_, unknown)) {
    const fs::path file = run.path() / "metrics.jsonl";
    if (!run.path().filename().string().starts_with(name_) || !fs::exists(file, unknown)) continue;
    files_.try_emplace(file, Followed{.since = Clock::now()});
  }
  std::string lines;
  for (auto& [file, state] : files_) lines += follow(file, state);
  return lines;
}

std::string MetricFollower::follow(const fs::path& file, Followed& state) {
  std::error_code unknown;
  const std::uintmax_t size = fs::file_size(file, unknown);
  if (unknown || size == state.read) return {};
  std::ifstream in(file, std::ios::binary);
  go_on(in, state);
  std::string lines;
  // The last one may not be whole yet.
  for (std::string line; std::getline(in, line) && !in.eof();) {
    state.read += line.size() + 1;
    lines += say(line, state);
    state.last = std::move(line);
  }
  return lines;
}

// Where the last line read is in its place no longer, a run has begun anew from an earlier step: by then the file may
// be as long as it was, and longer.
void MetricFollower::go_on(std::istream& file, Followed& state) {
  if (state.read == 0) return;
  file.seekg(static_cast<std::streamoff>(state.read - state.last.size() - 1));
  std::string line;
  if (std::getline(file, line) && !file.eof() && line == state.last) return;
  state.read = 0;
  file.clear();
  file.seekg(0);
}

std::string MetricFollower::say(const std::string& line, Followed& state) {
  const Json metrics = Json::parse(line, nullptr, false);
  const auto step = metrics.is_object() ? number_at(metrics, "step") : std::nullopt;
  if (!step || *step <= static_cast<double>(state.step)) return {};
  state.step = static_cast<std::int64_t>(*step);
  if (const auto accuracy = number_at(metrics, "validation/accuracy")) {
    best_ = std::max(best_.value_or(0), *accuracy);
  }
  // A head's curve has no epochs: its points are numbered, and come at once.
  const auto epoch = number_at(metrics, "epoch");
  const int number = epoch ? static_cast<int>(*epoch) - 1 : state.lines;
  const auto now = Clock::now();
  const double seconds = std::chrono::duration<double>(now - state.since).count();
  state.since = now;
  ++state.lines;
  return metric_lines(metrics, number, epoch ? std::optional(seconds) : std::nullopt);
}

}  // namespace graft
