#include "report/svg.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace graft {
namespace {

// 1, 2 or 5 times a power of ten, at least `least`.
double nice_step(double least) {
  const double power = std::pow(10, std::floor(std::log10(least)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= least * 0.999) return factor * power;
  }
  return 10 * power;
}

std::string tick_text(const Axis& axis, double tick) {
  const double step = axis.ticks[1] - axis.ticks[0];
  const double shown = axis.share ? step * 100 : step;
  const int digits = std::clamp(static_cast<int>(std::ceil(-std::log10(shown) - 1e-9)), 0, 6);
  if (axis.share) return percent(tick, digits);
  return digits == 0 && tick >= 0 ? grouped(static_cast<std::uint64_t>(std::llround(tick))) : decimal(tick, digits);
}

double share_of(const Axis& axis, double value) {
  return std::clamp((value - axis.low()) / (axis.high() - axis.low()), 0.0, 1.0);
}

// The frame of a plot, in units of its viewBox.
constexpr double kWidth = 440, kHeight = 250, kLeft = 52, kRight = 428, kTop = 24, kBottom = 210;

double x_of(const Plot& plot, double value) {
  return kLeft + share_of(plot.x, value) * (kRight - kLeft);
}
double y_of(const Plot& plot, double value) {
  return kBottom - share_of(plot.y, value) * (kBottom - kTop);
}

bool is_finite(const Point& point) {
  return std::isfinite(point.x) && std::isfinite(point.y);
}

Markup draw_axes(const Plot& plot) {
  Markup out;
  for (const double tick : plot.y.ticks) {
    const double y = y_of(plot, tick);
    out += markup("<path class=grid d='M{} {:.1f}H{}'/><text x={} y={:.1f} text-anchor=end>{}</text>", kLeft, y, kRight,
                  kLeft - 7, y + 4, tick_text(plot.y, tick));
  }
  for (const double tick : plot.x.ticks) {
    const double x = x_of(plot, tick);
    out += markup("<path class=axis d='M{:.1f} {}v4'/><text x={:.1f} y={} text-anchor=middle>{}</text>", x, kBottom, x,
                  kBottom + 18, tick_text(plot.x, tick));
  }
  out += markup("<path class=axis d='M{} {}H{}'/>", kLeft, kBottom, kRight);
  out += markup("<text x={} y={} text-anchor=end>{}</text>", kRight, kHeight - 4, plot.x_title);
  out += markup("<text x=2 y=12>{}</text>", plot.y_title);
  return out;
}

Markup draw_line(const Plot& plot, const Line& line) {
  std::string path;
  for (const Point& point : line.points) {
    if (!is_finite(point)) continue;
    path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? 'M' : 'L', x_of(plot, point.x), y_of(plot, point.y));
  }
  if (path.empty()) return {};
  return markup("<path class='line {}' d='{}'/>", line.style, path);
}

Markup draw_mark(const Plot& plot, const Mark& mark) {
  if (!is_finite(mark.at)) return {};
  return markup("<circle class='mark {}' cx={:.1f} cy={:.1f} r={:.1f}><title>{}</title></circle>", mark.style,
                x_of(plot, mark.at.x), y_of(plot, mark.at.y), mark.radius, mark.title);
}

constexpr int kRowHeight = 58;

Markup draw_row(const IntervalRow& row, const Axis& axis, int top) {
  const auto at = [&](double value) { return 100 * share_of(axis, value); };
  const int y = top + 36;
  Markup out = markup("<text class=name y={}>{}</text><text class=value x='100%' y={} text-anchor=end>{}</text>",
                      top + 16, row.name, top + 16, row.value);
  out += markup("<line class=grid x2='100%' y1={} y2={} />", y, y);
  if (std::isfinite(row.low) && std::isfinite(row.high)) {
    out += markup("<rect class='band {}' x='{:.2f}%' y={} width='{:.2f}%' height=14 rx=7 />", row.style, at(row.low),
                  y - 7, std::max(at(row.high) - at(row.low), 0.3));
  }
  for (const double single : row.singles) {
    if (std::isfinite(single)) {
      out += markup("<circle class='single {}' cx='{:.2f}%' cy={} r=3 />", row.style, at(single), y);
    }
  }
  if (std::isfinite(row.middle)) {
    out += markup("<circle class='mark {}' cx='{:.2f}%' cy={} r=6><title>{}: {}</title></circle>", row.style,
                  at(row.middle), y, row.name, row.value);
  }
  return out;
}

struct HeatmapSize {
  double cell = 0, left = 0, top = 0;  // the margins hold the names
  bool counts = false;
};

HeatmapSize heatmap_size(const std::vector<std::string>& labels) {
  std::size_t longest = 0;
  for (const std::string& label : labels) longest = std::max(longest, label.size());
  const double cell = labels.size() <= 8 ? 46 : labels.size() <= 20 ? 34 : 14;
  const double name = 7 * static_cast<double>(std::min<std::size_t>(longest, 24));
  return {cell, name + 16, 0.72 * name + 20, labels.size() <= 20};
}

std::string shortened(const std::string& label) {
  if (label.size() <= 24) return label;
  std::size_t end = 22;
  while (end > 0 && (static_cast<unsigned char>(label[end]) & 0xC0) == 0x80) --end;  // not inside a UTF-8 character
  return label.substr(0, end) + "…";
}

Markup draw_cell(const HeatmapSize& size, double x, double y, std::size_t count, double share, bool right) {
  Markup out = markup("<rect class='{}' x={:.0f} y={:.0f} width={} height={} fill-opacity={:.2f} />",
                      right ? "s1" : "s2", x + 0.5, y + 0.5, size.cell - 1, size.cell - 1, 0.12 + 0.88 * share);
  if (size.counts) {
    out += markup("<text class='{}' x={:.1f} y={:.1f} text-anchor=middle>{}</text>", share > 0.5 ? "on" : "count",
                  x + size.cell / 2, y + size.cell / 2 + 4, count);
  }
  return out;
}

// The name of a row and of the column of the same number, and the line below the row. `offset` is the row's from the
// top.
Markup draw_heatmap_label(const HeatmapSize& size, double offset, double span, const std::string& label) {
  const double middle = offset + size.cell / 2;
  return markup(
      "<text x={:.0f} y={:.1f} text-anchor=end>{}</text><text transform='translate({:.1f} {:.0f}) "
      "rotate(-45)'>{}</text>"
      "<path class=grid d='M{:.0f} {:.0f}h{:.0f}'/>",
      size.left - 8, size.top + middle + 4, label, size.left + middle + 3, size.top - 8, label, size.left,
      size.top + offset + size.cell, span);
}

}  // namespace

Axis axis_over(const std::vector<double>& values, int count, bool share) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  if (low > high) low = 0, high = 1;
  if (high - low < 1e-9 * std::max(1.0, std::abs(high))) high = low + (share ? 0.1 : 1);
  if (share && high > 1) low = std::min(low, 0.9), high = 1;
  const double step = nice_step((high - low) / count);
  Axis axis{{}, share};
  const auto first = std::llround(std::floor(low / step + 1e-6)), last = std::llround(std::ceil(high / step - 1e-6));
  for (auto i = first; i <= std::max(last, first + 1); ++i) axis.ticks.push_back(static_cast<double>(i) * step);
  return axis;
}

Markup draw(const Plot& plot) {
  Markup out = markup("<svg class=plot viewBox='0 0 {} {}' role=img aria-label='{}'>", kWidth, kHeight, plot.name);
  out += draw_axes(plot);
  for (const Line& line : plot.lines) out += draw_line(plot, line);
  for (const Mark& mark : plot.marks) out += draw_mark(plot, mark);
  return out += {"</svg>"};
}

Markup draw_intervals(const std::string& name, const std::vector<IntervalRow>& rows, const Axis& axis,
                      const Reference& reference) {
  const int bottom = kRowHeight * static_cast<int>(rows.size()) + 6;
  Markup out = markup("<svg class=intervals width='100%' height={} role=img aria-label='{}'>", bottom + 34, name);
  for (const double tick : axis.ticks) {
    const double at = 100 * share_of(axis, tick);
    const char* anchor = at < 1 ? "start" : at > 99 ? "end" : "middle";
    out += markup("<line class=grid x1='{:.2f}%' x2='{:.2f}%' y1=24 y2={} />", at, at, bottom);
    out += markup("<text x='{:.2f}%' y={} text-anchor={}>{}</text>", at, bottom + 18, anchor, tick_text(axis, tick));
  }
  if (reference.at >= axis.low() && reference.at <= axis.high()) {
    const double at = 100 * share_of(axis, reference.at);
    out += markup("<line class=reference x1='{:.2f}%' x2='{:.2f}%' y1=24 y2={}><title>{}</title></line>", at, at,
                  bottom, reference.name);
  }
  for (std::size_t i = 0; i < rows.size(); ++i) out += draw_row(rows[i], axis, kRowHeight * static_cast<int>(i));
  return out += {"</svg>"};
}

Markup draw_heatmap(const std::string& name, const std::vector<std::string>& labels,
                    const std::vector<std::vector<std::size_t>>& counts) {
  const HeatmapSize size = heatmap_size(labels);
  const double span = size.cell * static_cast<double>(labels.size());
  const double width = size.left + span + size.top, height = size.top + span;
  Markup out = markup("<svg class=heatmap width={:.0f} height={:.0f} role=img aria-label='{}'>", width, height, name);
  for (std::size_t row = 0; row < labels.size(); ++row) {
    const double offset = size.cell * static_cast<double>(row);
    out += draw_heatmap_label(size, offset, span, shortened(labels[row]));
    const double total = static_cast<double>(std::accumulate(counts[row].begin(), counts[row].end(), std::size_t{0}));
    for (std::size_t column = 0; column < labels.size(); ++column) {
      const std::size_t count = counts[row][column];
      if (count == 0) continue;
      out += markup("<g><title>{}, taken for {}: {}</title>", labels[row], labels[column], count);
      out += draw_cell(size, size.left + size.cell * static_cast<double>(column), size.top + offset, count,
                       static_cast<double>(count) / total, row == column);
      out += {"</g>"};
    }
  }
  return out += {"</svg>"};
}

}  // namespace graft
