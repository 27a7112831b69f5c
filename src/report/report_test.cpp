#include "report/report.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>

#include "base/file.h"
#include "base/random.h"
#include "image/image.h"

namespace graft {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// A way through training that ends near `accuracy`.
Curve curve(std::uint64_t seed, double accuracy, int points, double stride) {
  Random random(Key{seed});
  Curve out{seed, {}, 0};
  double best = 0;
  for (int i = 1; i <= points; ++i) {
    const double progress = 1 - std::exp(-4.0 * i / points);
    CurvePoint point{i * stride, 2.6 * (1 - progress) + 0.05, accuracy * progress + 0.02,
                     2.4 * (1 - progress) + (1 - accuracy) + 0.3 * progress * progress, accuracy * progress};
    point.train_loss += 0.04 * random.normal();
    point.validation_accuracy += 0.012 * random.normal();
    if (i % 3 != 1) point.train_accuracy = kNaN;
    if (point.validation_accuracy > best) best = point.validation_accuracy, out.best_step = point.step;
    out.points.push_back(point);
  }
  return out;
}

RunSummary run(const std::string& name, double accuracy, int points, double stride, std::size_t seeds) {
  RunSummary out;
  out.name = name;
  out.description = "MobileNetV2 0.35 at 224 pixels, trained " + name + ", 60 epochs at most";
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    out.accuracies.push_back(accuracy + 0.012 * (static_cast<double>(seed) - 2));
    out.curves.push_back(curve(seed, out.accuracies.back(), points, stride));
  }
  out.accuracy = {accuracy, accuracy - 0.021, accuracy + 0.018};
  out.seconds = 1.7 * points;
  out.settings = {{"mode", name}, {"optimizer", {{"name", "adamw"}, {"learning_rate", 0.003}}}, {"epochs", 60}};
  return out;
}

Bytes picture(std::uint64_t seed) {
  Image image{96, 96, std::vector<std::uint8_t>(96 * 96 * 3)};
  for (int i = 0; i < 96 * 96; ++i) {
    const double x = i % 96 - 48, y = i / 96 - 48, inside = std::hypot(x, y) < 22 + 3.0 * static_cast<double>(seed % 7);
    for (int c = 0; c < 3; ++c) {
      image.pixels[static_cast<std::size_t>(3 * i + c)] =
          static_cast<std::uint8_t>(inside != 0 ? 60 + 47 * ((seed + static_cast<std::uint64_t>(c)) % 4) : 150 + y);
    }
  }
  return encode_jpeg(image);
}

std::vector<std::string> fruits(std::size_t count) {
  const std::vector<std::string> names = {"Apple Braeburn", "Apple Crimson Snow",  "Apple Golden 1",
                                          "Apple Golden 2", "Apple Granny Smith",  "Apple Pink Lady",
                                          "Apple Red 1",    "Apple Red Delicious", "Guava",
                                          "Kiwi",           "Apple Red Yellow 2"};
  std::vector<std::string> out;
  for (std::size_t i = 0; i < count; ++i)
    out.push_back(names[i % names.size()] + (i < names.size() ? "" : text(" ", i)));
  return out;
}

void fill_confusion(Report& report) {
  const std::size_t labels = report.labels.size();
  report.confusion.assign(labels, std::vector<std::size_t>(labels, 0));
  Random random(Key{3});
  for (std::size_t truth = 0; truth < labels; ++truth) {
    report.confusion[truth][truth] = 60 + random.below(40);
    for (int i = 0; i < 3; ++i) report.confusion[truth][random.below(labels)] += random.below(14);
    report.per_label.push_back(
        {report.labels[truth], 80 + random.below(40), 0.75 + random.uniform(0, 0.25), 0.7 + random.uniform(0, 0.3)});
  }
}

Calibration calibration(double bias) {
  Calibration out;
  for (int i = 2; i < 15; ++i) {
    const double confidence = (i + 0.5) / 15;
    out.bins.push_back({confidence, std::clamp(confidence - bias * std::sin(confidence * 3), 0.0, 1.0),
                        static_cast<std::size_t>(2 + i * i * i / 5)});
  }
  out.expected_error = bias / 2;
  return out;
}

Report full_report(std::size_t labels = 11) {
  Report report;
  report.title = "fruits";
  report.created = "2026-11-21T03:10:00Z";
  report.verdict = "Transfer reaches 95.4 % on the test images, 21.3 points more than training from scratch.";
  report.reported_split = "test";
  report.labels = fruits(labels);
  report.splits = {{"train", 7372}, {"validation", 1231}, {"test", 1229}};
  report.majority_accuracy = 0.093;
  report.runs = {run("transfer", 0.954, 60, 1, 3), run("from scratch", 0.741, 90, 25, 3)};
  fill_confusion(report);
  for (std::uint64_t i = 0; i < 12; ++i) {
    report.mistakes.push_back({text("Apple Red 1/r_", 40 + i, "_100.jpg"), "Apple Red 1", "Apple Red Delicious",
                               0.997 - 0.013 * static_cast<double>(i), picture(i)});
  }
  report.before = calibration(0.13);
  report.after = calibration(0.025);
  report.temperature = 1.62;
  report.precision = Precision::bf16;
  report.precision_checks = {{Precision::int8, 1000, 0.981, 0.943, 0.951},
                             {Precision::bf16, 1000, 0.998, 0.952, 0.951}};
  report.scan = {{"unreadable", 2, {"train/Kiwi/broken.jpg", "train/Guava/notes.txt.jpg"}},
                 {"duplicate", 31, {"train/Kiwi/3_100.jpg = train/Kiwi/4_100.jpg"}}};
  report.time = {{"scan", 2.1},           {"features", 14.2}, {"head", 1.3},
                 {"from scratch", 212.4}, {"evaluate", 3.2},  {"report", 0.2}};
  report.provenance = {
      {"graft", "0.1.0"}, {"machine", {{"processor", "2 cores"}, {"memory", "8 GiB"}}}, {"data", "sha256:0f3a…"}};
  return report;
}

std::string page_of(const Report& report) {
  const TemporaryFolder folder;
  write_html(folder.path() / "report.html", report);
  return read_text(folder.path() / "report.html");
}

bool has(const std::string& page, const std::string& what) {
  return page.find(what) != std::string::npos;
}

std::size_t count(const std::string& page, const std::string& what) {
  std::size_t found = 0;
  for (std::size_t at = page.find(what); at != std::string::npos; at = page.find(what, at + 1)) ++found;
  return found;
}

TEST(Report, ShowsEverySection) {
  const std::string page = page_of(full_report());
  // For looking at it: GRAFT_SHOW_REPORT names the file.
  if (const char* path = std::getenv("GRAFT_SHOW_REPORT")) write_file(path, page);
  for (const char* id : {"accuracy", "curves", "labels", "confusion", "mistakes", "calibration", "scan", "time"}) {
    EXPECT_TRUE(has(page, text("<section id='", id, "'>"))) << text("<section id='", id, "'>");
  }
  EXPECT_LT(page.find("21.3 points more"), page.find("<section"));
  EXPECT_EQ(count(page, "data:image/jpeg;base64,"), 12u);
  EXPECT_EQ(count(page, "best step"), 12u);  // two plots of two runs of three seeds
}

TEST(Report, NeedsNothingFromElsewhere) {
  const std::string page = page_of(full_report());
  for (const char* outside : {"http:", "https:", "//", "<script", "<link", "@import", "url(", "src='h"}) {
    // Base64 may hold "//" by chance.
    std::string rest = page;
    for (std::size_t at; (at = rest.find("base64,")) != std::string::npos;) rest.erase(at, rest.find('\'', at) - at);
    EXPECT_FALSE(has(rest, outside)) << outside;
  }
}

TEST(Report, EscapesWhateverANameHolds) {
  const std::string hostile = "<script>alert(1)</script>'\" onload=x {}&";
  Report report = full_report(2);
  report.title = report.verdict = report.created = report.reported_split = hostile;
  report.labels[0] = report.per_label[0].label = report.runs[0].name = report.runs[0].description = hostile;
  report.mistakes[0].name = report.mistakes[0].truth = report.mistakes[0].predicted = hostile;
  report.scan[0].what = report.scan[0].examples[0] = report.time[0].phase = hostile;
  report.runs[0].settings = {{hostile, hostile}};
  report.splits = {{hostile, hostile}};
  const std::string page = page_of(report);
  EXPECT_FALSE(has(page, "<script"));
  EXPECT_FALSE(has(page, "'\" onload"));
  EXPECT_TRUE(has(page, "&lt;script&gt;alert(1)&lt;/script&gt;&#39;&quot; onload=x {}&amp;"))
      << "&lt;script&gt;alert(1)&lt;/script&gt;&#39;&quot; onload=x {}&amp;";
}

TEST(Report, LeavesOutWhatIsEmpty) {
  Report report;
  report.title = "empty";
  report.verdict = "Nothing was trained.";
  const std::string page = page_of(report);
  EXPECT_EQ(count(page, "<section"), 1u);
  EXPECT_TRUE(has(page, "Nothing stood out."));
  EXPECT_FALSE(has(page, "<svg"));
}

TEST(Report, ASingleRunHasNothingToCompareWith) {
  Report report = full_report();
  report.runs.resize(1);
  const std::string page = page_of(report);
  EXPECT_FALSE(has(page, "overlap"));
  EXPECT_FALSE(has(page, "points against"));
}

TEST(Report, SaysWhatEachPrecisionKeeps) {
  const std::string page = page_of(full_report());
  EXPECT_TRUE(has(page, "The model answers in bf16."));
  EXPECT_TRUE(has(page, "<td><b>int8</b></td><td>failed</td><td class=number>98.10\u00a0%</td>"));
  EXPECT_TRUE(has(page, "<td><b>bf16</b></td><td>passed</td><td class=number>99.80\u00a0%</td>"));
  const OrderedJson json = to_json(full_report());
  EXPECT_EQ(json["precision"], "bf16");
  EXPECT_EQ(json["precision_checks"][0]["agreement"], 0.981);
}

TEST(Report, PointsThatWereNotMeasuredLeaveNoHole) {
  Report report = full_report();
  report.before.expected_error = report.runs[0].accuracy.low = report.per_label[0].precision = kNaN;
  for (Curve& one : report.runs[1].curves) {
    for (CurvePoint& point : one.points) point.train_loss = point.validation_loss = kNaN;
  }
  report.runs[0].curves[0].points.resize(1);
  report.mistakes.clear();
  std::string page = page_of(report);
  page.resize(page.find("<section id=settings"));
  EXPECT_FALSE(has(page, "nan")) << page.substr(page.find("nan") - 80, 100);
  EXPECT_FALSE(has(page, "inf")) << page.substr(page.find("inf") - 80, 100);
  EXPECT_EQ(count(page, "class=plot"), 3u + 2u);  // no loss of the second run; two of calibration
}

TEST(Report, ManyLabelsAreShownAsTheirMostConfusedPairs) {
  const std::string few = page_of(full_report(50)), many = page_of(full_report(51));
  EXPECT_TRUE(has(few, "class=heatmap"));
  EXPECT_FALSE(has(many, "class=heatmap"));
  EXPECT_TRUE(has(many, "The other 31 labels"));
  EXPECT_LT(many.size(), 400'000u);
}

TEST(Report, JsonHoldsEverythingButThePictures) {
  const OrderedJson json = to_json(full_report());
  EXPECT_EQ(json["runs"][0]["accuracy"]["value"], 0.954);
  EXPECT_EQ(json["runs"][1]["curves"].size(), 3u);
  EXPECT_EQ(json["runs"][1]["settings"]["optimizer"]["learning_rate"], 0.003);
  EXPECT_EQ(json["confusion"].size(), 11u);
  EXPECT_EQ(json["mistakes"][0]["predicted"], "Apple Red Delicious");
  EXPECT_FALSE(json["mistakes"][0].contains("picture"));
  EXPECT_EQ(json["calibration"]["temperature"], 1.62);
  EXPECT_EQ(json["time"][0]["phase"], "scan");
}

TEST(Report, JsonRoundsToSixDigitsAndWritesWhatWasNotMeasuredAsNull) {
  Report report = full_report();
  report.majority_accuracy = 1.0 / 3;
  const OrderedJson json = to_json(report);
  EXPECT_EQ(json["majority_accuracy"].dump(), "0.333333");
  EXPECT_TRUE(json["runs"][0]["curves"][0]["points"][1]["train_accuracy"].is_null());
}

TEST(Report, JsonIsValidWhateverBytesANameHolds) {
  Report report = full_report(2);
  report.labels[0] = "caf\xe9";
  EXPECT_EQ(to_json(report)["labels"][0], "caf\xef\xbf\xbd");
  EXPECT_NO_THROW(to_json(report).dump());
}

}  // namespace
}  // namespace graft
