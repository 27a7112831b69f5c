// What came out: the verdict, the accuracies, the curves.
#include <algorithm>
#include <cmath>
#include <limits>

#include "report/sections.h"
#include "report/svg.h"

namespace graft {
namespace {

constexpr std::size_t kMostPoints = 240;  // of a line; more cannot be told apart at its width

const char* style_of_run(std::size_t i) {
  constexpr const char* kStyles[] = {"s1", "s2", "s3"};
  return kStyles[std::min<std::size_t>(i, 2)];
}

std::string with_interval(const Interval& interval) {
  return percent(interval.value) + " (" + decimal(interval.low * 100, 1) + " to " + percent(interval.high) + ")";
}

Markup tile(std::string_view value, std::string_view what) {
  return markup("<div class=tile><b>{}</b><span>{}</span></div>", value, what);
}

Markup tiles(const Report& report) {
  Markup out;
  if (report.runs.empty()) return out;
  const RunSummary& kept = report.runs[0];
  out += tile(percent(kept.accuracy.value), "accuracy on " + report.reported_split + ", " + kept.name);
  if (report.runs.size() > 1) {
    const RunSummary& other = report.runs[1];
    const double points = (kept.accuracy.value - other.accuracy.value) * 100;
    out += tile((points < 0 ? "−" : "+") + decimal(std::abs(points), 1), "points against " + other.name);
  }
  out += tile(duration(kept.seconds), "to train " + kept.name);
  if (report.splits.is_object() && report.splits.contains("train")) {
    out += tile(grouped(report.splits["train"].get<std::uint64_t>()),
                text("training images, ", report.labels.size(), " labels"));
  }
  return out;
}

bool any_finite(const std::vector<double>& values) {
  return std::any_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); });
}

// Whether the 95 % intervals of the first two runs tell them apart.
Markup separation(const Report& report) {
  if (report.runs.size() < 2) return {};
  const Interval &kept = report.runs[0].accuracy, &other = report.runs[1].accuracy;
  if (!any_finite({kept.low - other.high}) || !any_finite({kept.high - other.low})) return {};
  const bool apart = kept.low > other.high || other.low > kept.high;
  return markup("<p class='chip {}'>{}</p>", apart ? "sure" : "unsure",
                apart ? "The 95 % intervals do not overlap" : "The 95 % intervals overlap");
}

std::vector<double> values_of(const std::vector<RunSummary>& runs) {
  std::vector<double> values;
  for (const RunSummary& run : runs) {
    values.insert(values.end(), {run.accuracy.value, run.accuracy.low, run.accuracy.high});
    values.insert(values.end(), run.accuracies.begin(), run.accuracies.end());
  }
  return values;
}

std::string seeds_text(const RunSummary& run) {
  std::string out;
  for (const double accuracy : run.accuracies) out += (out.empty() ? "" : ", ") + percent(accuracy);
  return out.empty() ? "–" : out;
}

using Field = double CurvePoint::*;

Line line_of(const Curve& curve, Field field, const std::string& style) {
  Line line{{}, style};
  const std::size_t stride = std::max<std::size_t>(1, (curve.points.size() + kMostPoints - 1) / kMostPoints);
  for (std::size_t i = 0; i < curve.points.size(); ++i) {
    if (i % stride == 0 || i + 1 == curve.points.size())
      line.points.push_back({curve.points[i].step, curve.points[i].*field});
  }
  return line;
}

// The measured point next to the best step.
Mark best_mark(const Curve& curve, Field field, const std::string& style, bool share) {
  Mark mark{{std::numeric_limits<double>::quiet_NaN(), 0}, 4.5, style, ""};
  double nearest = std::numeric_limits<double>::infinity();
  for (const CurvePoint& point : curve.points) {
    const double far = std::abs(point.step - curve.best_step);
    if (!std::isfinite(point.*field) || far >= nearest) continue;
    nearest = far;
    mark.at = {point.step, point.*field};
    mark.title = text("seed ", curve.seed, ", best step ", curve.best_step, ": ",
                      share ? percent(point.*field) : decimal(point.*field, 3));
  }
  return mark;
}

std::vector<double> values_of(const std::vector<Curve>& curves, std::initializer_list<Field> fields) {
  std::vector<double> values;
  for (const Curve& curve : curves) {
    for (const CurvePoint& point : curve.points) {
      for (const Field field : fields) values.push_back(point.*field);
    }
  }
  return values;
}

// One point is no curve; the accuracy above says as much.
bool has_line(const RunSummary& run) {
  return std::any_of(run.curves.begin(), run.curves.end(), [](const Curve& curve) { return curve.points.size() > 1; });
}

struct Measure {
  const char* name;
  Field train, validation;
  bool share;
};

Markup curve_figure(const RunSummary& run, const std::string& style, const Measure& measure, const Axis& y) {
  const std::vector<double> steps = values_of(run.curves, {&CurvePoint::step});
  Plot plot{text(measure.name, " of ", run.name, " over steps, one line per seed"),
            axis_over(steps, 5, false),
            y,
            "step",
            measure.name,
            {},
            {}};
  for (const Curve& curve : run.curves) {
    plot.lines.push_back(line_of(curve, measure.train, style + " thin dashed"));
    plot.lines.push_back(line_of(curve, measure.validation, style + " thin"));
  }
  for (const Curve& curve : run.curves)
    plot.marks.push_back(best_mark(curve, measure.validation, style, measure.share));
  return markup("<figure>{}<figcaption><b class='{}'>{}</b> {}</figcaption></figure>", draw(plot), style, run.name,
                measure.name);
}

Markup curve_figures(const Report& report) {
  constexpr Measure kAccuracy{"accuracy", &CurvePoint::train_accuracy, &CurvePoint::validation_accuracy, true};
  constexpr Measure kLoss{"loss", &CurvePoint::train_loss, &CurvePoint::validation_loss, false};
  // One axis of accuracy for all, so that the runs can be compared by eye.
  std::vector<double> accuracies;
  for (const RunSummary& run : report.runs) {
    const auto more = values_of(run.curves, {kAccuracy.train, kAccuracy.validation});
    accuracies.insert(accuracies.end(), more.begin(), more.end());
  }
  Markup out;
  for (std::size_t i = 0; i < report.runs.size(); ++i) {
    const RunSummary& run = report.runs[i];
    if (!has_line(run)) continue;
    const auto losses = values_of(run.curves, {kLoss.train, kLoss.validation});
    if (any_finite(values_of(run.curves, {kAccuracy.train, kAccuracy.validation}))) {
      out += curve_figure(run, style_of_run(i), kAccuracy, axis_over(accuracies, 5, true));
    }
    if (any_finite(losses)) out += curve_figure(run, style_of_run(i), kLoss, axis_over(losses, 5, false));
  }
  return out;
}

}  // namespace

Markup verdict_section(const Report& report) {
  return markup("<header><p class=eyebrow>{} · {}</p><h1>{}</h1>{}<div class=tiles>{}</div></header>", report.title,
                report.created, report.verdict, separation(report), tiles(report));
}

Markup accuracy_section(const Report& report) {
  if (report.runs.empty()) return {};
  std::vector<IntervalRow> rows;
  std::vector<std::vector<Markup>> cells;
  for (std::size_t i = 0; i < report.runs.size(); ++i) {
    const RunSummary& run = report.runs[i];
    rows.push_back({run.name, with_interval(run.accuracy), run.accuracy.value, run.accuracy.low, run.accuracy.high,
                    run.accuracies, style_of_run(i)});
    cells.push_back({markup("<b class='{}'>{}</b>", style_of_run(i), run.name), markup("{}", run.description),
                     markup("{}", seeds_text(run)), markup("{}", duration(run.seconds))});
  }
  const std::string majority = "Always answering the commonest label: " + percent(report.majority_accuracy);
  const Markup plot = draw_intervals("Accuracy with 95 % intervals", rows, axis_over(values_of(report.runs), 5, true),
                                     {report.majority_accuracy, majority});
  const bool tested = report.reported_split == "test";
  const std::string lead =
      text("On the ", report.reported_split, " split, ",
           tested ? "which nothing was chosen on" : "which the settings were chosen on too, so expect a little less",
           ". The band is the 95 % interval, the light dots are the seeds. ", majority, ".");
  return section("accuracy", "Accuracy", lead,
                 markup("{}{}", plot, table({"Run", "How", "Each seed", "Time"}, cells, 3)));
}

Markup curves_section(const Report& report) {
  const Markup figures = curve_figures(report);
  if (figures.text.empty()) return {};
  return section(
      "curves", "Curves",
      "Solid lines are the validation split, dashed lines the training split, one line per seed. A dot marks the "
      "step whose weights were kept.",
      markup("<div class=pair>{}</div>", figures));
}

}  // namespace graft
