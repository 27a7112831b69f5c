// Where the kept model is right and wrong: labels, confusion, mistakes, calibration.
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "report/sections.h"
#include "report/svg.h"

namespace graft {
namespace {

constexpr std::size_t kMostLabelsInHeatmap = 50, kLabelsShown = 20, kPairsShown = 12, kMistakesShown = 24;

Markup label_table(const std::vector<LabelMetrics>& labels) {
  std::vector<std::vector<Markup>> rows;
  for (const LabelMetrics& label : labels) {
    rows.push_back({markup("{}", label.label), markup("{}", grouped(label.images)), bar(label.precision, "s1"),
                    bar(label.recall, "s1")});
  }
  return table({"Label", "Images", "Precision", "Recall"}, rows, 1);
}

struct Pair {
  std::size_t truth = 0, predicted = 0, count = 0, of = 0;
};

std::vector<Pair> confused_pairs(const std::vector<std::vector<std::size_t>>& confusion) {
  std::vector<Pair> pairs;
  for (std::size_t truth = 0; truth < confusion.size(); ++truth) {
    const auto& row = confusion[truth];
    const std::size_t of = std::accumulate(row.begin(), row.end(), std::size_t{0});
    for (std::size_t predicted = 0; predicted < row.size(); ++predicted) {
      if (truth != predicted && row[predicted] > 0) pairs.push_back({truth, predicted, row[predicted], of});
    }
  }
  std::stable_sort(pairs.begin(), pairs.end(), [](const Pair& a, const Pair& b) { return a.count > b.count; });
  return pairs;
}

Markup pair_table(const Report& report, std::vector<Pair> pairs) {
  if (pairs.empty()) return markup("<p>No image was taken for another label.</p>");
  pairs.resize(std::min(pairs.size(), kPairsShown));
  std::vector<std::vector<Markup>> rows;
  for (const Pair& pair : pairs) {
    rows.push_back({markup("{}", report.labels[pair.truth]), markup("{}", report.labels[pair.predicted]),
                    markup("{} of {}", pair.count, pair.of),
                    bar(static_cast<double>(pair.count) / static_cast<double>(pair.of), "s2")});
  }
  return table({"Shows", "Taken for", "Images", "Share"}, rows, 2);
}

// A table of counts for every label; what else is a mistake of the caller.
bool is_complete(const Report& report) {
  const std::size_t labels = report.labels.size();
  return labels > 0 && report.confusion.size() == labels &&
         std::all_of(report.confusion.begin(), report.confusion.end(),
                     [&](const auto& row) { return row.size() == labels; });
}

std::string base64(ByteView bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j)
      group = group << 8 | (i + j < bytes.size() ? std::to_integer<std::uint32_t>(bytes[i + j]) : 0);
    for (std::size_t j = 0; j < 4; ++j) out += i + j <= bytes.size() ? kDigits[group >> (18 - 6 * j) & 63] : '=';
  }
  return out;
}

Markup mistake_figure(const Mistake& mistake) {
  Markup picture = markup("<div class=missing>no picture</div>");
  if (!mistake.picture.empty()) {
    picture = markup("<img src='data:image/jpeg;base64,{}' alt='{}'>", base64(mistake.picture),
                     "an image of " + mistake.truth);
  }
  return markup(
      "<figure class=mistake>{}<figcaption><b class=s2>{}</b> {}<br>is "
      "<b>{}</b><small>{}</small></figcaption></figure>",
      picture, mistake.predicted, percent(mistake.probability), mistake.truth, mistake.name);
}

Markup reliability_figure(const Calibration& calibration, const std::string& name, const std::string& style) {
  const Axis share = axis_over({0, 1}, 5, true);
  Plot plot{
      "Reliability " + name + ": share that is right over confidence", share, share, "confidence", "right", {}, {}};
  plot.lines.push_back({{{0, 0}, {1, 1}}, "ideal"});
  std::size_t images = 0;
  for (const CalibrationBin& bin : calibration.bins) images += bin.images;
  for (const CalibrationBin& bin : calibration.bins) {
    if (bin.images == 0) continue;
    plot.lines.push_back({{{bin.confidence, bin.confidence}, {bin.confidence, bin.accuracy}}, style + " gap"});
    const double radius = 3 + 11 * std::sqrt(static_cast<double>(bin.images) / static_cast<double>(images));
    plot.marks.push_back({{bin.confidence, bin.accuracy},
                          radius,
                          style + " soft",
                          text(grouped(bin.images), " images, confidence ", percent(bin.confidence), ", right ",
                               percent(bin.accuracy))});
  }
  return markup("<figure>{}<figcaption><b class='{}'>{}</b> expected calibration error {}</figcaption></figure>",
                draw(plot), style, name, percent(calibration.expected_error));
}

bool has_images(const Calibration& calibration) {
  return std::any_of(calibration.bins.begin(), calibration.bins.end(),
                     [](const CalibrationBin& bin) { return bin.images > 0; });
}

}  // namespace

Markup labels_section(const Report& report) {
  if (report.per_label.empty()) return {};
  std::vector<LabelMetrics> labels = report.per_label;
  std::stable_sort(labels.begin(), labels.end(),
                   [](const LabelMetrics& a, const LabelMetrics& b) { return a.recall < b.recall; });
  const auto shown = static_cast<std::ptrdiff_t>(std::min(labels.size(), kLabelsShown));
  Markup body = label_table({labels.begin(), labels.begin() + shown});
  if (labels.size() > kLabelsShown) {
    body += markup("<details><summary>The other {} labels</summary>{}</details>", labels.size() - kLabelsShown,
                   label_table({labels.begin() + shown, labels.end()}));
  }
  return section("labels", "Labels",
                 "The label that is missed most comes first. Precision: of the images given this label, the share that "
                 "show it. Recall: of the images that "
                 "show it, the share that was found.",
                 body);
}

Markup confusion_section(const Report& report) {
  if (!is_complete(report)) return {};
  Markup body;
  if (report.labels.size() <= kMostLabelsInHeatmap) {
    body += markup("<div class=scroll tabindex=0>{}</div>",
                   draw_heatmap("Confusion matrix: a row for each true label, a column for each answer", report.labels,
                                report.confusion));
  }
  body += pair_table(report, confused_pairs(report.confusion));
  return section("confusion", "Confusion",
                 report.labels.size() <= kMostLabelsInHeatmap
                     ? "A row for each true label, a column for each answer; blue is right, orange is wrong, darker is "
                       "a larger share of the row. Below, the pairs most often confused."
                     : text("The pairs most often confused, of ", report.labels.size(), " labels."),
                 body);
}

Markup mistakes_section(const Report& report) {
  if (report.mistakes.empty()) return {};
  Markup figures;
  for (std::size_t i = 0; i < std::min(report.mistakes.size(), kMistakesShown); ++i)
    figures += mistake_figure(report.mistakes[i]);
  return section(
      "mistakes", "Most confident mistakes",
      "What the model answered and how sure it was, above what the label says. A mistake here is often a wrong label.",
      markup("<div class=gallery>{}</div>", figures));
}

Markup calibration_section(const Report& report) {
  Markup figures;
  if (has_images(report.before)) figures += reliability_figure(report.before, "as trained", "s2");
  if (has_images(report.after))
    figures += reliability_figure(report.after, text("with temperature ", decimal(report.temperature, 2)), "s1");
  if (figures.text.empty()) return {};
  return section("calibration", "Calibration",
                 "Whether a confidence of 80 % means right in 80 % of the cases: then the circles lie on the diagonal. "
                 "Larger circles "
                 "stand for more images. Below it, the model is too sure of itself.",
                 markup("<div class=pair>{}</div>", figures));
}

}  // namespace graft
