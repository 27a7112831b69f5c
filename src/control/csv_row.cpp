#include "control/csv_row.h"

#include "base/error.h"

namespace graft {
namespace {

// Where the cell ends that `row` begins with.
std::size_t end_of_cell(std::string_view row) {
  if (!row.starts_with('"')) return std::min(row.find(','), row.size());
  std::size_t at = 1;
  for (;; at += 2) {
    at = row.find('"', at);
    require(at != std::string_view::npos, "a quote of the CSV row is not closed");
    if (at + 1 == row.size() || row[at + 1] != '"') break;
  }
  require(at + 1 == row.size() || row[at + 1] == ',', "a quoted cell of the CSV row goes on behind its quote");
  return at + 1;
}

}  // namespace

std::vector<std::string> csv_cells(std::string_view row) {
  std::vector<std::string> cells;
  for (;;) {
    const std::size_t end = end_of_cell(row);
    cells.emplace_back(row.substr(0, end));
    if (end == row.size()) return cells;
    row.remove_prefix(end + 1);
  }
}

std::string csv_row(const std::vector<std::string>& cells) {
  return join(cells, ",");
}

}  // namespace graft
