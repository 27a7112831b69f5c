// Where the ranks of a run spend their time.
#pragma once

#include <map>
#include <vector>

#include "dist/group.h"
#include "dist/reducer.h"
#include "report/report.h"

namespace graft {

class TimeSheet {
 public:
  // At an epoch's end: this rank's times go to all, and all ranks' come back; none where this process is alone. `last`
  // is this rank's last step.
  std::vector<RankTime> close(const RankTime& own, const StepTimes& last, Group& group);

  // Of all epochs so far.
  Scaling scaling() const;

 private:
  std::map<int, RankTime> ranks_;
  StepTimes last_;
};

}  // namespace graft
