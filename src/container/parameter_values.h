// Hyper-parameters as they are read: by name, checked, and remembered, so that the ones nobody asked for can be
// refused. Internal to container/.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "container/job_config.h"

namespace graft {

class ParameterValues {
 public:
  // "learning-rate" and "learning_rate" are one name.
  explicit ParameterValues(const HyperParameters& parameters);

  bool has(const std::string& name) const { return values_.contains(name); }
  std::optional<std::string> text(const std::string& name);
  std::optional<int> integer(const std::string& name, int low, int high);
  std::optional<double> number(const std::string& name, double low, double high);
  std::optional<bool> flag(const std::string& name);
  std::optional<std::string> word(const std::string& name, const std::vector<std::string>& words);

  // Throws on the first one that was not asked for.
  void refuse_unknown() const;

 private:
  std::map<std::string, std::string> values_;
  std::set<std::string> known_;
};

// Throws naming a hyper-parameter, its value and what is wrong with it.
template <typename... Parts>
void require_parameter(bool ok, const std::string& name, const std::string& value, const Parts&... wrong) {
  require(ok, "the hyper-parameter ", name, "=", value.substr(0, 80), wrong...);
}

// The one of `words` that takes the fewest changes of letters to become.
std::string nearest_word(const std::string& word, const std::set<std::string>& words);

}  // namespace graft
