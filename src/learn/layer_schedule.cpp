#include "learn/layer_schedule.h"

#include <algorithm>
#include <cmath>

#include "graph/surgery.h"
#include "graph/weights.h"

namespace graft {

std::vector<bool> frozen_in(const Graph& graph, const TrainerSettings& settings, int epoch) {
  std::vector<bool> frozen = freeze_up_to(graph, settings.freeze_to);
  if (!settings.gradual) return frozen;
  const std::vector<std::string> names = blocks(graph);  // the last is the head
  const std::size_t phase =
      std::min<std::size_t>(2, static_cast<std::size_t>(3 * epoch / std::max(1, settings.epochs)));
  const std::size_t below = (names.size() - 1) * (2 - phase) / 3;
  if (below == 0) return frozen;
  const std::vector<bool> lower = freeze_up_to(graph, names[below - 1]);
  for (std::size_t i = 0; i < frozen.size(); ++i) frozen[i] = frozen[i] || lower[i];
  return frozen;
}

std::map<std::string, double> rate_factors(const Graph& graph, double block_decay) {
  const std::vector<std::string> names = blocks(graph);
  std::map<std::string, double> factors;
  for (const WeightSpec& spec : weight_specs(graph)) {
    const std::string& block = graph.nodes[static_cast<std::size_t>(spec.node)].block;
    const auto below = names.end() - std::find(names.begin(), names.end(), block) - 1;
    factors[spec.name] = std::pow(block_decay, static_cast<double>(below));
  }
  return factors;
}

}  // namespace graft
