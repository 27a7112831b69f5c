#include "learn/checkpoint.h"

#include <cmath>

#include "base/json.h"
#include "graph/safetensors.h"
#include "learn/network.h"

namespace graft {
namespace {

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

}  // namespace

void write_checkpoint(const std::filesystem::path& path, const TrainingState& c) {
  const Json progress = {{"settings", c.settings},
                         {"epoch", c.epoch},
                         {"step", c.step},
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
  write_safetensors(path, all, {{"progress", progress.dump()}});
}

std::optional<TrainingState> read_checkpoint_file(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return std::nullopt;
  const Safetensors file = read_safetensors(path);
  const auto metadata = file.metadata.find("progress");
  require(metadata != file.metadata.end(), path.string(), " is not a checkpoint of a training run");
  try {
    const Json json = parse_json(metadata->second, path.string());
    TrainingState c{.settings = json.at("settings"),
                    .epoch = json.at("epoch"),
                    .step = json.at("step"),
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
    return c;
  } catch (const Json::exception&) {
    fail(Kind::invalid, path.string(), ": the checkpoint's progress is damaged; start again without --resume");
  }
}

}  // namespace graft
