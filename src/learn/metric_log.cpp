#include "learn/metric_log.h"

#include <fmt/format.h>

#include <cmath>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

namespace graft {
namespace {

std::filesystem::path made(std::filesystem::path folder) {
  make_folder(folder);
  return folder;
}

// The lines up to `last_step`; a line torn by a crash is dropped with the rest.
std::string lines_up_to(const std::filesystem::path& path, std::int64_t last_step) {
  if (!std::filesystem::exists(path)) return "";
  std::istringstream old(read_text(path));
  std::string kept;
  for (std::string line; std::getline(old, line);) {
    const Json json = Json::parse(line, nullptr, false);
    if (json.is_discarded() || field_or<std::int64_t>(json, "step", 0, path.string()) > last_step) break;
    kept += line + "\n";
  }
  return kept;
}

}  // namespace

MetricLog::MetricLog(std::filesystem::path folder, std::int64_t first_step) : events_(made(folder), first_step) {
  const std::filesystem::path path = folder / "metrics.jsonl";
  write_file(path, lines_up_to(path, first_step));
  lines_.open(path, std::ios::app);
}

void MetricLog::write(std::int64_t step, const OrderedJson& values) {
  OrderedJson line = {{"step", step}};
  for (const auto& [name, value] : values.items()) {
    if (value.is_number_float() && !std::isfinite(value.get<double>())) continue;
    line[name] = value;
    if (value.is_number()) events_.scalar(name, step, value.get<double>());
  }
  lines_ << line.dump() << '\n' << std::flush;
  require(lines_.good(), "cannot write metrics.jsonl: ", system_message());
}

void MetricLog::add(const EpochReport& r) {
  OrderedJson values = {{"epoch", r.epoch},
                        {"learning_rate", r.learning_rate},
                        {"train/loss", r.train_loss},
                        {"train/accuracy", r.train_accuracy},
                        {"validation/loss", r.validation_loss},
                        {"validation/accuracy", r.validation_accuracy},
                        {"images_per_second", r.images_per_second}};
  for (const RankTime& rank : r.ranks) values["ranks"].push_back(to_json(rank));
  write(r.step, values);
  if (r.ranks.size() < 2) return;
  for (const RankTime& rank : r.ranks) draw(r.step, rank);
}

// A chart for each share of the time, with a curve for each rank.
void MetricLog::draw(std::int64_t step, const RankTime& rank) {
  if (rank.total() <= 0) return;
  for (const auto& [share, seconds] : {std::pair("data", rank.data), std::pair("compute", rank.compute),
                                       std::pair("exposed communication", rank.exposed)}) {
    events_.scalar(fmt::format("share of time: {}/rank {}", share, rank.rank), step, seconds / rank.total());
  }
}

void MetricLog::add(const Curve& curve) {
  for (const CurvePoint& p : curve.points) {
    write(static_cast<std::int64_t>(p.step), {{"train/loss", p.train_loss},
                                              {"train/accuracy", p.train_accuracy},
                                              {"validation/loss", p.validation_loss},
                                              {"validation/accuracy", p.validation_accuracy}});
  }
}

}  // namespace graft
