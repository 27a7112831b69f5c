#include "runner/capacity.h"

#include <algorithm>

#include "base/instance_type.h"

namespace graft {

Capacity::Capacity(std::vector<int> cores, std::uint64_t memory) : cores_(std::move(cores)), memory_(memory) {}

std::uint64_t Capacity::memory_of(const JobSpec& spec) const {
  const std::uint64_t each = instance_type(spec.instance_type).memory;
  return each == 0 ? memory_ : std::min(each * static_cast<std::uint64_t>(spec.instances), memory_);
}

std::optional<std::vector<int>> Capacity::take(const JobSpec& spec) {
  const auto each = static_cast<std::size_t>(instance_type(spec.instance_type).cores);
  const std::size_t asked = each == 0 ? cores_.size() : each * static_cast<std::size_t>(spec.instances);
  const std::size_t count = std::min(asked, cores_.size());
  std::vector<int> taken;
  for (const int core : cores_) {
    if (taken.size() < count && !held_cores_.contains(core)) taken.push_back(core);
  }
  if (taken.size() < count || held_memory_ + memory_of(spec) > memory_) return {};
  hold(spec, taken);
  return taken;
}

void Capacity::hold(const JobSpec& spec, const std::vector<int>& cores) {
  if (cores.empty()) return;
  held_cores_.insert(cores.begin(), cores.end());
  held_memory_ += memory_of(spec);
}

void Capacity::give_back(const JobSpec& spec, const std::vector<int>& cores) {
  if (cores.empty()) return;
  for (const int core : cores) {
    if (const auto found = held_cores_.find(core); found != held_cores_.end()) held_cores_.erase(found);
  }
  held_memory_ -= memory_of(spec);
}

}  // namespace graft
