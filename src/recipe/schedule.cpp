#include "recipe/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace graft {
namespace {

constexpr double kOneCycleRise = 0.3;
constexpr double kOneCycleStart = 0.04;  // of the highest rate

double half_cosine(double share) {
  return (1 + std::cos(std::numbers::pi * share)) / 2;
}

double one_cycle(double share) {
  if (share >= kOneCycleRise) return half_cosine((share - kOneCycleRise) / (1 - kOneCycleRise));
  return kOneCycleStart + (1 - kOneCycleStart) * (1 - half_cosine(share / kOneCycleRise));
}

}  // namespace

double schedule_factor(Schedule schedule, std::int64_t step, std::int64_t total, std::int64_t warm_up) {
  const double length = static_cast<double>(std::max<std::int64_t>(total, 1));
  if (schedule == Schedule::one_cycle) return one_cycle(std::min(1.0, static_cast<double>(step) / length));
  if (step < warm_up) return static_cast<double>(step + 1) / static_cast<double>(warm_up);
  if (schedule == Schedule::constant) return 1;
  const double behind = static_cast<double>(step - warm_up);
  const double share = std::min(1.0, behind / std::max(1.0, length - static_cast<double>(warm_up)));
  if (schedule == Schedule::cosine) return half_cosine(share);
  return std::pow(0.1, std::min(2.0, std::floor(3 * share)));
}

}  // namespace graft
