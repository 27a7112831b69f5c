// How the learning rate moves over a run.
#pragma once

#include <cstdint>

namespace graft {

enum class Schedule {
  cosine,     // down to 0 along half a cosine (Loshchilov and Hutter, 2016)
  step,       // a tenth after each third of the run
  one_cycle,  // up for 30 % of the run and down to 0 again, both along a cosine (Smith, 2018); warm-up is part of it
  constant,
};

// The factor on the learning rate at `step` of `total`, in 0 .. 1. Over the first `warm_up` steps it rises linearly.
double schedule_factor(Schedule schedule, std::int64_t step, std::int64_t total, std::int64_t warm_up);

}  // namespace graft
