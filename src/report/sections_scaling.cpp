#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "report/sections.h"
#include "report/svg.h"

namespace graft {
namespace {

constexpr double kMuch = 0.1;  // of a step: worth a change

double sum_over(const Scaling& scaling, double RankTime::*field) {
  return std::accumulate(scaling.ranks.begin(), scaling.ranks.end(), 0.0,
                         [field](double sum, const RankTime& rank) { return sum + rank.*field; });
}

double total(const Scaling& scaling) {
  return sum_over(scaling, &RankTime::data) + sum_over(scaling, &RankTime::compute) +
         sum_over(scaling, &RankTime::exposed);
}

double share(double part, double whole) {
  return whole > 0 ? part / whole : 0;
}

const RankTime& slowest(const Scaling& scaling) {
  return *std::max_element(scaling.ranks.begin(), scaling.ranks.end(),
                           [](const RankTime& a, const RankTime& b) { return a.compute < b.compute; });
}

// The step as lines: the backward pass above, then a line for each bucket, from when it was ready (thin) over the time
// of its sum (thick).
Markup timeline(const Scaling& scaling) {
  if (scaling.timeline.empty()) return {};
  constexpr double kMilli = 1000;
  std::vector<double> times{0, kMilli * scaling.backward};
  for (const BucketTime& bucket : scaling.timeline) times.push_back(kMilli * bucket.end);
  const double rows = static_cast<double>(scaling.timeline.size());
  Plot plot{"When the gradients of one step were computed and summed",
            axis_over(times, 6, false),
            axis_over({0, rows + 1}, 4, false),
            "milliseconds since the backward pass began",
            "bucket",
            {},
            {}};
  plot.lines.push_back({{{0, rows + 1}, {kMilli * scaling.backward, rows + 1}}, "s1"});
  double row = rows;
  for (const BucketTime& bucket : scaling.timeline) {
    plot.lines.push_back({{{kMilli * bucket.ready, row}, {kMilli * bucket.begin, row}}, "s2 thin dashed"});
    plot.lines.push_back({{{kMilli * bucket.begin, row}, {kMilli * bucket.end, row}}, "s2"});
    plot.marks.push_back({{kMilli * bucket.end, row}, 3, "s2", decimal(bucket.megabytes, 1) + " MB"});
    row -= 1;
  }
  return markup(
      "<figure>{}<figcaption>One step of the first rank. Above, the backward pass; below it a line for each bucket of "
      "gradients: dashed while it waits for its turn, solid while it is summed over all ranks. What ends right of the "
      "backward pass is waited for.</figcaption></figure>",
      draw(plot));
}

}  // namespace

double Scaling::images_per_second() const {
  double longest = 0;
  for (const RankTime& rank : ranks) longest = std::max(longest, rank.total());
  return share(sum_over(*this, &RankTime::images), longest);
}

double Scaling::hidden() const {
  return std::max(0.0, 1 - share(sum_over(*this, &RankTime::exposed), sum_over(*this, &RankTime::communication)));
}

double Scaling::efficiency() const {
  return 1 - share(sum_over(*this, &RankTime::exposed), total(*this));
}

std::string advice(const Scaling& scaling) {
  if (scaling.ranks.empty()) return "";
  const double all = total(scaling), count = static_cast<double>(scaling.ranks.size());
  const double data = share(sum_over(scaling, &RankTime::data), all);
  const double exposed = share(sum_over(scaling, &RankTime::exposed), all);
  const RankTime& last = slowest(scaling);
  const double behind = last.compute / (sum_over(scaling, &RankTime::compute) / count) - 1;
  std::vector<std::string> sentences;
  if (data > kMuch) {
    sentences.push_back(text("Ranks wait for images for ", percent(data),
                             " of the time: give each more cores to decode with, or store smaller pictures."));
  }
  if (behind > kMuch) {
    sentences.push_back(text("Rank ", last.rank, " on ", last.host, " computes ", percent(behind),
                             " longer than the mean and all wait for it: look what else runs there."));
  }
  if (exposed > kMuch && behind <= kMuch) {
    sentences.push_back(text("Steps wait for gradients for ", percent(exposed),
                             " of the time: a larger --batch, --compress or a faster network makes that less."));
  }
  if (sentences.empty()) return "Computing takes nearly all of the time: more ranks make it faster.";
  return join(sentences, " ");
}

Markup scaling_section(const Report& report) {
  const Scaling& scaling = report.scaling;
  if (scaling.ranks.empty()) return {};
  std::vector<std::vector<Markup>> rows;
  for (const RankTime& rank : scaling.ranks) {
    const auto part = [&](double seconds) { return markup("{}", percent(share(seconds, rank.total()))); };
    rows.push_back({markup("{}", rank.rank), markup("{}", rank.host),
                    markup("{}", decimal(share(rank.images, rank.total()), 0)), part(rank.data), part(rank.compute),
                    part(rank.exposed), markup("{}", duration(rank.communication))});
  }
  const std::string lead =
      text(grouped(scaling.ranks.size()), " ranks computed ", decimal(scaling.images_per_second(), 0),
           " images/s together, ", percent(scaling.efficiency()),
           " of what they would if none waited for another. Behind the backward pass ", percent(scaling.hidden()),
           " of the communication was hidden. ", advice(scaling));
  return section("scaling", "Ranks", lead,
                 markup("{}{}", timeline(scaling),
                        table({"Rank", "Host", "Images/s", "Waiting for images", "Computing", "Waiting for gradients",
                               "Gradients on their way"},
                              rows, 2)));
}

}  // namespace graft
