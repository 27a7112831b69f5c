#include "s3/range.h"

#include <algorithm>
#include <charconv>

#include "s3/errors.h"

namespace graft::s3 {
namespace {

// What is beyond any size is as good as the largest number.
std::optional<std::uint64_t> parse_number(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} ? number : ~std::uint64_t{0};
}

}  // namespace

std::optional<Range> parse_range(std::string_view header, std::uint64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (!header.starts_with(kUnit) || header.find(',') != std::string_view::npos) return std::nullopt;
  header.remove_prefix(kUnit.size());
  const std::size_t dash = header.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = parse_number(header.substr(0, dash)), last = parse_number(header.substr(dash + 1));
  if (dash == 0) {
    if (!last) return std::nullopt;
    demand(*last > 0 && size > 0, Code::invalid_range, "the object has ", size, " bytes and none in this range");
    const std::uint64_t length = std::min(*last, size);
    return Range{size - length, length};
  }
  if (!first || (!last && dash + 1 != header.size()) || (last && *last < *first)) return std::nullopt;
  demand(*first < size, Code::invalid_range, "the object has ", size, " bytes and none in this range");
  const std::uint64_t end = last ? std::min(*last, size - 1) : size - 1;
  return Range{*first, end - *first + 1};
}

}  // namespace graft::s3
