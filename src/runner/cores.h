// The cores of this machine that jobs share. Only for runner/.
#pragma once

#include <optional>
#include <set>
#include <vector>

#include "runner/job.h"

namespace graft {

class Cores {
 public:
  // Those this process may run on, at most so many; 0: all.
  explicit Cores(int most);

  // So many as the job's instances have, or all there are; nothing while they are not free.
  std::optional<std::vector<int>> take(const JobSpec& spec);
  // What a job holds that runs already; others may hold them too.
  void hold(const std::vector<int>& cores);
  void give_back(const std::vector<int>& cores);

 private:
  std::vector<int> all_{};
  std::multiset<int> held_{};
};

}  // namespace graft
