#include "report/report.h"

#include <cmath>
#include <cstdlib>

#include "base/file.h"
#include "report/sections.h"

namespace graft {
namespace {

// Six significant digits: what a measurement holds, and what a person reads.
OrderedJson number(double value) {
  if (!std::isfinite(value)) return nullptr;
  return std::strtod(fmt::format("{:.6g}", value).c_str(), nullptr);
}

OrderedJson numbers(const std::vector<double>& values) {
  OrderedJson out = OrderedJson::array();
  for (const double value : values) out.push_back(number(value));
  return out;
}

OrderedJson to_json(const Interval& interval) {
  return {{"value", number(interval.value)}, {"low", number(interval.low)}, {"high", number(interval.high)}};
}

OrderedJson to_json(const Curve& curve) {
  OrderedJson points = OrderedJson::array();
  for (const CurvePoint& point : curve.points) {
    points.push_back({{"step", number(point.step)},
                      {"train_loss", number(point.train_loss)},
                      {"train_accuracy", number(point.train_accuracy)},
                      {"validation_loss", number(point.validation_loss)},
                      {"validation_accuracy", number(point.validation_accuracy)}});
  }
  return {{"seed", curve.seed}, {"best_step", number(curve.best_step)}, {"points", points}};
}

OrderedJson to_json(const RunSummary& run) {
  OrderedJson curves = OrderedJson::array();
  for (const Curve& curve : run.curves) curves.push_back(to_json(curve));
  return {{"name", run.name},
          {"description", run.description},
          {"accuracy", to_json(run.accuracy)},
          {"accuracies", numbers(run.accuracies)},
          {"seconds", number(run.seconds)},
          {"settings", run.settings},
          {"curves", curves}};
}

OrderedJson to_json(const LabelMetrics& label) {
  return {{"label", label.label},
          {"images", label.images},
          {"precision", number(label.precision)},
          {"recall", number(label.recall)}};
}

OrderedJson to_json(const Mistake& mistake) {
  return {{"name", mistake.name},
          {"truth", mistake.truth},
          {"predicted", mistake.predicted},
          {"probability", number(mistake.probability)}};
}

OrderedJson to_json(const CalibrationBin& bin) {
  return {{"confidence", number(bin.confidence)}, {"accuracy", number(bin.accuracy)}, {"images", bin.images}};
}

OrderedJson to_json(const ScanFinding& finding) {
  return {{"what", finding.what}, {"images", finding.images}, {"examples", finding.examples}};
}

OrderedJson to_json(const TimeSpent& spent) {
  return {{"phase", spent.phase}, {"seconds", number(spent.seconds)}};
}

OrderedJson to_json(const BucketTime& bucket) {
  return {{"megabytes", bucket.megabytes}, {"ready", bucket.ready}, {"begin", bucket.begin}, {"end", bucket.end}};
}

template <typename Item>
OrderedJson list(const std::vector<Item>& items) {
  OrderedJson out = OrderedJson::array();
  for (const Item& item : items) out.push_back(to_json(item));
  return out;
}

OrderedJson to_json(const Scaling& scaling) {
  if (scaling.ranks.empty()) return nullptr;
  return {{"images_per_second", scaling.images_per_second()},
          {"efficiency", scaling.efficiency()},
          {"hidden", scaling.hidden()},
          {"advice", advice(scaling)},
          {"ranks", list(scaling.ranks)},
          {"backward", scaling.backward},
          {"timeline", list(scaling.timeline)}};
}

OrderedJson to_json(const Calibration& calibration) {
  return {{"expected_error", number(calibration.expected_error)}, {"bins", list(calibration.bins)}};
}

// Names of files may be any bytes; JSON is UTF-8. What is not becomes U+FFFD, and a NaN in the settings null.
OrderedJson valid(const OrderedJson& json) {
  return OrderedJson::parse(json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace));
}

}  // namespace

OrderedJson to_json(const RankTime& time) {
  return {{"rank", time.rank},      {"host", time.host},       {"images", time.images},
          {"data", time.data},      {"compute", time.compute}, {"communication", time.communication},
          {"exposed", time.exposed}};
}

OrderedJson to_json(const Report& report) {
  return valid({{"title", report.title},
                {"created", report.created},
                {"verdict", report.verdict},
                {"reported_split", report.reported_split},
                {"labels", report.labels},
                {"splits", report.splits},
                {"majority_accuracy", number(report.majority_accuracy)},
                {"runs", list(report.runs)},
                {"per_label", list(report.per_label)},
                {"confusion", report.confusion},
                {"mistakes", list(report.mistakes)},
                {"calibration",
                 {{"temperature", number(report.temperature)},
                  {"before", to_json(report.before)},
                  {"after", to_json(report.after)}}},
                {"precision", name_of(report.precision)},
                {"precision_checks", to_json(report.precision_checks)},
                {"scan", list(report.scan)},
                {"time", list(report.time)},
                {"scaling", to_json(report.scaling)},
                {"provenance", report.provenance}});
}

void write_html(const std::filesystem::path& path, const Report& report) {
  Markup page = markup(
      "<!doctype html>\n<html lang=en><head><meta charset=utf-8>"
      "<meta name=viewport content='width=device-width,initial-scale=1'>"
      // The page needs nothing from elsewhere, and a browser is told to refuse it.
      "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; img-src data:; style-src "
      "'unsafe-inline'\">"
      "<title>{}</title><style>{}</style></head><body><main>\n",
      report.title, Markup{std::string(style_sheet())});
  for (const auto part :
       {verdict_section, accuracy_section, curves_section, labels_section, confusion_section, mistakes_section,
        calibration_section, precision_section, scan_section, time_section, scaling_section, settings_section}) {
    page += part(report);
  }
  page += markup("<footer>Written by graft {}</footer></main></body></html>\n", GRAFT_VERSION);
  write_file(path, page.text);
}

}  // namespace graft
