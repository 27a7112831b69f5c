// A row of CSV (RFC 4180) and its cells. A cell keeps its quotes, so the cells put together again are the row, byte for
// byte.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace graft {

// `row` is without its end of line. Throws Kind::invalid for a quote that is not closed, or that ends before its cell.
std::vector<std::string> csv_cells(std::string_view row);

std::string csv_row(const std::vector<std::string>& cells);

}  // namespace graft
