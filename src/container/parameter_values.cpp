#include "container/parameter_values.h"

#include <algorithm>
#include <charconv>
#include <numeric>

#include "base/words.h"

namespace graft {
namespace {

constexpr std::size_t kMaxShown = 80;

// Insertions, deletions and replacements of letters (Levenshtein, 1965).
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

template <typename Number>
std::optional<Number> parsed(const std::string& text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return number;
}

}  // namespace

std::string nearest_word(const std::string& word, const std::set<std::string>& words) {
  std::string nearest;
  std::size_t least = ~std::size_t{0};
  for (const std::string& each : words) {
    const std::size_t changes = distance(word.substr(0, kMaxShown), each);
    if (changes < least) nearest = each;
    least = std::min(least, changes);
  }
  return nearest;
}

ParameterValues::ParameterValues(const HyperParameters& parameters) {
  for (const auto& [given, value] : parameters) {
    std::string name = given;
    std::replace(name.begin(), name.end(), '-', '_');
    require(values_.emplace(name, value).second, "the hyper-parameter ", name, " is given twice: with - and with _");
  }
}

std::optional<std::string> ParameterValues::text(const std::string& name) {
  known_.insert(name);
  const auto found = values_.find(name);
  return found == values_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<int> ParameterValues::integer(const std::string& name, int low, int high) {
  const std::optional<std::string> value = text(name);
  if (!value) return {};
  const std::optional<double> given = parsed<double>(*value);  // "32.0" is what some tuners send
  require_parameter(given && *given >= low && *given <= high && *given == static_cast<int>(*given), name, *value,
                    " is not a whole number from ", low, " to ", high);
  return static_cast<int>(*given);
}

std::optional<double> ParameterValues::number(const std::string& name, double low, double high) {
  const std::optional<std::string> value = text(name);
  if (!value) return {};
  const std::optional<double> given = parsed<double>(*value);
  require_parameter(given && *given >= low && *given <= high, name, *value, " is not a number from ", low, " to ",
                    high);
  return given;
}

std::optional<bool> ParameterValues::flag(const std::string& name) {
  const std::optional<std::string> value = text(name);
  if (!value) return {};
  const std::string word = lower(*value);
  const bool yes = word == "true" || word == "1" || word == "on", no = word == "false" || word == "0" || word == "off";
  require_parameter(yes || no, name, *value, " is neither true nor false");
  return yes;
}

std::optional<std::string> ParameterValues::word(const std::string& name, const std::vector<std::string>& words) {
  std::optional<std::string> value = text(name);
  if (value) {
    require_parameter(std::find(words.begin(), words.end(), *value) != words.end(), name, *value, " is none of ",
                      join(words, ", "));
  }
  return value;
}

void ParameterValues::refuse_unknown() const {
  for (const auto& [name, value] : values_) {
    require(known_.contains(name), "there is no hyper-parameter ", name.substr(0, kMaxShown), "; the nearest is ",
            nearest_word(name, known_));
  }
}

}  // namespace graft
