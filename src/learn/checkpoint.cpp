#include "learn/checkpoint.h"

#include <cmath>
#include <cstdio>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "graph/safetensors.h"
#include "learn/network.h"

namespace graft {
namespace {

constexpr std::size_t kKept = 2;
constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 36;

void put(Weights& out, const std::string& prefix, const Weights& weights) {
  for (const auto& [name, tensor] : weights) out[prefix + name] = tensor;
}

void put(Weights& out, const std::string& prefix, const Tensors& tensors) {
  for (const auto& [name, tensor] : tensors) out[prefix + name] = from_torch(tensor);
}

Weights take(const Weights& all, const std::string& prefix) {
  Weights out;
  for (auto it = all.lower_bound(prefix); it != all.end() && it->first.starts_with(prefix); ++it) {
    out[it->first.substr(prefix.size())] = it->second;
  }
  return out;
}

Tensors take_torch(const Weights& all, const std::string& prefix) {
  Tensors out;
  for (const auto& [name, tensor] : take(all, prefix)) out[name] = to_torch(tensor);
  return out;
}

// JSON has no NaN; a value that was not measured is null.
double number(const Json& json) {
  return json.is_null() ? std::nan("") : json.get<double>();
}

Json curve_json(const Curve& curve) {
  Json points = Json::array();
  for (const CurvePoint& p : curve.points) {
    points.push_back({p.step, p.train_loss, p.train_accuracy, p.validation_loss, p.validation_accuracy});
  }
  return {{"seed", curve.seed}, {"best_step", curve.best_step}, {"points", points}};
}

Curve curve_from(const Json& json) {
  Curve curve;
  curve.seed = json.at("seed").get<std::uint64_t>();
  curve.best_step = json.at("best_step").get<double>();
  for (const Json& p : json.at("points")) {
    curve.points.push_back({number(p.at(0)), number(p.at(1)), number(p.at(2)), number(p.at(3)), number(p.at(4))});
  }
  return curve;
}

// The folder's checkpoints, the last first.
std::vector<std::filesystem::path> checkpoints(const std::filesystem::path& folder) {
  std::map<std::int64_t, std::filesystem::path, std::greater<>> by_step;
  if (!std::filesystem::is_directory(folder)) return {};
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    long long step = 0;
    const std::string name = entry.path().filename().string();
    if (std::sscanf(name.c_str(), "checkpoint-%lld", &step) != 1) continue;
    // What a killed process left half written has letters behind its name.
    if (name == text("checkpoint-", step, ".safetensors")) by_step[step] = entry.path();
  }
  std::vector<std::filesystem::path> paths;
  for (const auto& [step, path] : by_step) paths.push_back(path);
  return paths;
}

}  // namespace

std::string encode(const TrainingState& c) {
  const Json progress = {{"settings", c.settings},
                         {"epoch", c.epoch},
                         {"step", c.step},
                         {"sums", {c.sums.loss, c.sums.right, c.sums.images}},
                         {"best_epoch", c.best_epoch},
                         {"best_accuracy", c.best_accuracy},
                         {"best_loss", c.best_loss},
                         {"finished", c.finished},
                         {"optimizer_steps", c.optimizer.steps},
                         {"curve", curve_json(c.curve)}};
  Weights all;
  put(all, "weights/", c.weights);
  put(all, "average/", c.average);
  put(all, "best/", c.best);
  put(all, "first/", c.optimizer.first);
  put(all, "second/", c.optimizer.second);
  return encode_safetensors(all, {{"progress", progress.dump()}});
}

TrainingState decode_state(std::string content, const std::string& source) {
  const auto owner = std::make_shared<const std::string>(std::move(content));
  const Safetensors file = parse_safetensors(as_bytes(*owner), owner, source);
  const auto metadata = file.metadata.find("progress");
  require(metadata != file.metadata.end(), source, " is not a checkpoint of a training run");
  try {
    const Json json = parse_json(metadata->second, source);
    const Json& sums = json.at("sums");
    return {.settings = json.at("settings"),
            .epoch = json.at("epoch"),
            .step = json.at("step"),
            .sums = {sums.at(0), sums.at(1), sums.at(2)},
            .best_epoch = json.at("best_epoch"),
            .best_accuracy = json.at("best_accuracy"),
            .best_loss = number(json.at("best_loss")),
            .finished = json.at("finished"),
            .curve = curve_from(json.at("curve")),
            .optimizer = {take_torch(file.weights, "first/"), take_torch(file.weights, "second/"),
                          json.at("optimizer_steps")},
            .weights = take(file.weights, "weights/"),
            .average = take(file.weights, "average/"),
            .best = take(file.weights, "best/")};
  } catch (const Json::exception&) {
    fail(Kind::invalid, source, ": the checkpoint's progress is damaged; remove it, or start without --resume");
  }
}

void write_checkpoint(const std::filesystem::path& folder, const TrainingState& state) {
  make_folder(folder);
  write_file(folder / ("checkpoint-" + std::to_string(state.step) + ".safetensors"), encode(state));
  const std::vector<std::filesystem::path> all = checkpoints(folder);
  for (std::size_t i = kKept; i < all.size(); ++i) std::filesystem::remove(all[i]);
}

std::optional<TrainingState> last_checkpoint(const std::filesystem::path& folder) {
  const std::vector<std::filesystem::path> all = checkpoints(folder);
  for (std::size_t i = 0; i < all.size(); ++i) {
    try {
      return decode_state(read_text(all[i], kMostBytes), all[i].string());
    } catch (const Error& error) {
      if (i + 1 == all.size()) throw;
      spdlog::warn("{}; going on from the checkpoint before it", error.what());
    }
  }
  return std::nullopt;
}

}  // namespace graft
