#include "watch/filter_pattern.h"

#include <algorithm>

#include "base/error.h"

namespace graft {
namespace {

constexpr std::size_t kMostPattern = 1024;

[[noreturn]] void refuse(const std::string& sentence) {
  throw Error(Kind::invalid, "InvalidParameterException", sentence);
}

// A word up to a space, or what stands between quotation marks, where \" is one.
std::string take_term(std::string_view& rest) {
  std::string term;
  if (!rest.starts_with('"')) {
    term = rest.substr(0, rest.find(' '));
    rest.remove_prefix(term.size());
    return term;
  }
  for (std::size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] == '"') {
      rest.remove_prefix(i + 1);
      return term;
    }
    if (rest[i] == '\\' && i + 1 < rest.size()) ++i;
    term += rest[i];
  }
  refuse("the filter pattern has a quotation mark without a second one");
}

}  // namespace

FilterPattern parse_filter(std::string_view pattern) {
  if (pattern.size() > kMostPattern) refuse(text("the filter pattern has more than ", kMostPattern, " characters"));
  FilterPattern filter;
  while (true) {
    pattern.remove_prefix(std::min(pattern.find_first_not_of(' '), pattern.size()));
    if (pattern.empty()) return filter;
    if (pattern.starts_with('{')) refuse("filter patterns for JSON ({ $.field = value }) are not built; give terms");
    if (pattern.starts_with('[')) refuse("filter patterns for columns ([a, b]) are not built; give terms");
    if (pattern.starts_with('%')) refuse("filter patterns with regular expressions (%...%) are not built; give terms");
    std::vector<std::string>* terms = &filter.all;
    if (pattern.starts_with('?')) terms = &filter.any;
    if (pattern.starts_with('-')) terms = &filter.none;
    if (terms != &filter.all) pattern.remove_prefix(1);
    std::string term = take_term(pattern);
    if (!term.empty()) terms->push_back(std::move(term));
  }
}

bool matches(const FilterPattern& pattern, std::string_view message) {
  const auto has = [&](const std::string& term) { return message.find(term) != std::string_view::npos; };
  return std::all_of(pattern.all.begin(), pattern.all.end(), has) &&
         std::none_of(pattern.none.begin(), pattern.none.end(), has) &&
         (pattern.any.empty() || std::any_of(pattern.any.begin(), pattern.any.end(), has));
}

}  // namespace graft
