// Which layers learn when, and how fast.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "recipe/settings.h"

namespace graft {

// Which nodes are frozen in `epoch` (0 is the first).
std::vector<bool> frozen_in(const Graph& graph, const TrainerSettings& settings, int epoch);

// The factor on the rate of each parameter: the further its block is below the head, the lower.
std::map<std::string, double> rate_factors(const Graph& graph, double block_decay);

}  // namespace graft
