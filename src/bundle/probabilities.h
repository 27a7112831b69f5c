// From a network's outputs to probabilities.
#pragma once

#include <span>
#include <vector>

namespace graft {

// Softmax of logits / temperature: one probability for each label. REQUIRES: temperature > 0.
std::vector<double> probabilities(std::span<const float> logits, double temperature);

}  // namespace graft
