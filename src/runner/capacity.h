// The cores and the memory of this machine that jobs share. Only for runner/.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "runner/job.h"

namespace graft {

class Capacity {
 public:
  Capacity(std::vector<int> cores, std::uint64_t memory);

  // So many cores as the job's instances have, and their memory; of a job that is larger than the machine, all there
  // is. Nothing while that is not free.
  std::optional<std::vector<int>> take(const JobSpec& spec);
  // What a job holds that runs already; others may hold it too. One without cores holds nothing.
  void hold(const JobSpec& spec, const std::vector<int>& cores);
  void give_back(const JobSpec& spec, const std::vector<int>& cores);

 private:
  std::uint64_t memory_of(const JobSpec& spec) const;

  std::vector<int> cores_;
  std::uint64_t memory_;
  std::multiset<int> held_cores_{};
  std::uint64_t held_memory_ = 0;
};

}  // namespace graft
