// Regular expressions from outside, applied to each line of a log. Only for runner/.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace graft {

class MetricPatterns {
 public:
  // Names and patterns, in Perl's syntax. Throws Kind::invalid for a pattern that is none.
  explicit MetricPatterns(const std::vector<std::pair<std::string, std::string>>& patterns);
  ~MetricPatterns();

  // Tells the number in the first group of each pattern that the line has. A pattern that takes too long on a line is
  // as if it were not there.
  void apply(std::string_view line, const std::function<void(const std::string& name, double value)>& found) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace graft
