#include "runner/cores.h"

#include <algorithm>

#include "base/instance_type.h"
#include "base/machine.h"

namespace graft {

Cores::Cores(int most) : all_(cores_of_process()) {
  if (most > 0 && static_cast<std::size_t>(most) < all_.size()) all_.resize(static_cast<std::size_t>(most));
}

std::optional<std::vector<int>> Cores::take(const JobSpec& spec) {
  const auto each = static_cast<std::size_t>(instance_type(spec.instance_type).cores);
  const std::size_t asked = each == 0 ? all_.size() : each * static_cast<std::size_t>(spec.instances);
  const std::size_t count = std::min(asked, all_.size());
  std::vector<int> taken;
  for (const int core : all_) {
    if (taken.size() < count && !held_.contains(core)) taken.push_back(core);
  }
  if (taken.size() < count) return {};
  hold(taken);
  return taken;
}

void Cores::hold(const std::vector<int>& cores) {
  held_.insert(cores.begin(), cores.end());
}

void Cores::give_back(const std::vector<int>& cores) {
  for (const int core : cores) {
    if (const auto found = held_.find(core); found != held_.end()) held_.erase(found);
  }
}

}  // namespace graft
