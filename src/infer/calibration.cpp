#include "infer/calibration.h"

#include "base/error.h"

namespace graft {

struct Calibrator::State {};

Calibrator::Calibrator(const Graph&, const Weights&) : state_(std::make_unique<State>()) {}
Calibrator::~Calibrator() = default;
void Calibrator::observe(std::span<const float>, std::int64_t) {}
ActivationRanges Calibrator::ranges() const { return {}; }

}  // namespace graft
