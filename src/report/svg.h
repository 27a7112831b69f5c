// Plots as inline SVG. They take their colours from classes of the page's style (s1, s2, ...), so they follow it into
// dark mode, and each names itself to a screen reader.
#pragma once

#include <string>
#include <vector>

#include "report/markup.h"

namespace graft {

// An axis ends at ticks, which stand at 1, 2 or 5 times a power of ten.
struct Axis {
  std::vector<double> ticks;  // at least two
  bool share = false;         // ticks are written in percent
  double low() const { return ticks.front(); }
  double high() const { return ticks.back(); }
};

// The axis with about `count` ticks that holds every finite value; 0 .. 1 where there is none. That of shares stays
// within 0 .. 1.
Axis axis_over(const std::vector<double>& values, int count, bool share);

struct Point {
  double x = 0, y = 0;
};

// Points that are not finite are left out.
struct Line {
  std::vector<Point> points;
  std::string style;
};

struct Mark {
  Point at;
  double radius = 4;  // in pixels
  std::string style;
  std::string title;  // what it is, for a pointer that rests on it
};

struct Plot {
  std::string name;  // what the plot shows, for those who cannot see it
  Axis x, y;
  std::string x_title, y_title;
  std::vector<Line> lines;
  std::vector<Mark> marks;
};

Markup draw(const Plot& plot);

// One row of an interval plot: a dot with its interval, the single values around it.
struct IntervalRow {
  std::string name;
  std::string value;  // as text, at the end of the row
  double middle = 0, low = 0, high = 0;
  std::vector<double> singles;
  std::string style;
};

// A value to compare the rows with, as a dashed line.
struct Reference {
  double at = 0;
  std::string name;
};

// Fills the width that it is given without scaling its text.
Markup draw_intervals(const std::string& name, const std::vector<IntervalRow>& rows, const Axis& axis,
                      const Reference& reference);

// Squares of counts[row][column], as dark as their share of the row; the diagonal is in the style s1, the rest in s2.
// Counts are written in the squares where there is room.
Markup draw_heatmap(const std::string& name, const std::vector<std::string>& labels,
                    const std::vector<std::vector<std::size_t>>& counts);

}  // namespace graft
