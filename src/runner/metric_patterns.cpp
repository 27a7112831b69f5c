// PCRE2 with limits: a pattern of a stranger may be one that takes longer than the world lasts.
#include "runner/metric_patterns.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>
#include <charconv>

#include "base/error.h"
#include "base/printable.h"

namespace graft {
namespace {

constexpr std::size_t kMaxPattern = 500, kMostPatterns = 64;
constexpr std::size_t kMaxLine = 8 << 10;  // of a line; what comes after it is not looked at
constexpr std::uint32_t kMostSteps = 100'000, kMostHeapKiB = 1024;

struct Pattern {
  std::string name;
  std::unique_ptr<pcre2_code, void (*)(pcre2_code*)> code;
  std::uint32_t groups = 0;
};

Pattern compile(const std::string& name, const std::string& pattern) {
  require(pattern.size() <= kMaxPattern, "the expression of the metric ", printable(name), " is longer than ",
          kMaxPattern, " bytes");
  int error = 0;
  PCRE2_SIZE offset = 0;
  Pattern compiled{name,
                   {pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), PCRE2_NEVER_BACKSLASH_C,
                                  &error, &offset, nullptr),
                    &pcre2_code_free}};
  if (!compiled.code) {
    std::array<unsigned char, 256> said{};
    pcre2_get_error_message(error, said.data(), said.size());
    fail(Kind::invalid, "the expression of the metric ", printable(name),
         " is no regular expression: ", reinterpret_cast<const char*>(said.data()), " at its byte ", offset);
  }
  pcre2_pattern_info(compiled.code.get(), PCRE2_INFO_CAPTURECOUNT, &compiled.groups);
  require(compiled.groups > 0, "the expression of the metric ", printable(name),
          " has no group: put brackets around the number");
  return compiled;
}

}  // namespace

struct MetricPatterns::State {
  std::vector<Pattern> patterns;
  std::unique_ptr<pcre2_match_context, void (*)(pcre2_match_context*)> limits{pcre2_match_context_create(nullptr),
                                                                              &pcre2_match_context_free};
  std::unique_ptr<pcre2_match_data, void (*)(pcre2_match_data*)> match{pcre2_match_data_create(2, nullptr),
                                                                       &pcre2_match_data_free};
};

MetricPatterns::MetricPatterns(const std::vector<std::pair<std::string, std::string>>& patterns)
    : state_(std::make_unique<State>()) {
  require(patterns.size() <= kMostPatterns, "more than ", kMostPatterns, " metrics");
  for (const auto& [name, pattern] : patterns) state_->patterns.push_back(compile(name, pattern));
  pcre2_set_match_limit(state_->limits.get(), kMostSteps);
  pcre2_set_depth_limit(state_->limits.get(), kMostSteps);
  pcre2_set_heap_limit(state_->limits.get(), kMostHeapKiB);
}

MetricPatterns::~MetricPatterns() = default;

void MetricPatterns::apply(std::string_view line,
                           const std::function<void(const std::string& name, double value)>& found) const {
  line = line.substr(0, kMaxLine);
  for (const Pattern& pattern : state_->patterns) {
    const int groups = pcre2_match(pattern.code.get(), reinterpret_cast<PCRE2_SPTR>(line.data()), line.size(), 0, 0,
                                   state_->match.get(), state_->limits.get());
    if (groups < 0) continue;
    const PCRE2_SIZE* place = pcre2_get_ovector_pointer(state_->match.get());
    // 0: there are more groups than these two, which are filled.
    if (groups == 1 || place[2] == PCRE2_UNSET) continue;
    std::string_view number = line.substr(place[2], place[3] - place[2]);
    if (number.starts_with('+')) number.remove_prefix(1);
    double value = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (error == std::errc() && end != number.data()) found(pattern.name, value);
  }
}

}  // namespace graft
