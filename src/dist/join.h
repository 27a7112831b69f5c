// From the place a process was started for to the group it trains with.
#pragma once

#include <memory>
#include <optional>

#include "dist/group.h"
#include "membership/coordinator.h"
#include "membership/place.h"

namespace graft {

// A process's part in a job. Its destruction ends that part.
struct Joined {
  std::unique_ptr<Coordinator> coordinator;  // on rank 0, unless `graft train --ranks` runs it
  std::unique_ptr<Group> group;
};

// Without a place, or with one for a single process: a process alone. `least`: see Coordinator. The environment
// variable GRAFT_JOB_TOKEN, where it is set, keeps processes out that do not have the same.
Joined join(const std::optional<Place>& place, int least, bool cuda);

// Says that this process has done its part; a coordinator waits until all others have heard all.
void leave(Joined& joined);

}  // namespace graft
