// A graph that libtorch runs, and differentiates.
#pragma once

#include <torch/types.h>

#include <map>
#include <string>
#include <vector>

#include "dist/group.h"
#include "graph/graph.h"
#include "graph/weights.h"
#include "learn/shard.h"

namespace graft {

class Network {
 public:
  // Copies the weights, which must be all that the graph wants. Nothing is frozen.
  Network(Graph graph, const Weights& weights);

  struct Output {
    torch::Tensor logits;     // [batch, labels]; a backbone's features
    torch::Tensor auxiliary;  // undefined unless training and the graph has an auxiliary output
  };

  // input: [batch, channels, height, width]. In training, dropout drops and batch norm uses and gathers the batch's
  // statistics, except in frozen nodes, which compute as in inference. Dropout draws from libtorch's generator.
  Output forward(const torch::Tensor& input, bool training);
  // Training on a share of a step: dropout drops what it would drop of these images in the whole step, and where
  // `synchronise` is given, batch norm uses the statistics of all its members' images.
  Output forward(const torch::Tensor& input, const Share& share, Group* synchronise);

  // One flag for each node (freeze_up_to gives them): a frozen node's parameters get no gradient and its running
  // statistics stay as they are.
  void freeze(const std::vector<bool>& frozen);
  bool is_frozen(NodeId node) const { return frozen_[static_cast<std::size_t>(node)]; }

  const Graph& graph() const { return graph_; }
  // By weight name. Parameters of frozen nodes are among them and do not require gradients.
  const std::map<std::string, torch::Tensor>& parameters() const { return parameters_; }
  const std::map<std::string, torch::Tensor>& statistics() const { return statistics_; }

  // Computes there from now on; inputs have to be there too.
  void move_to(torch::Device device);
  torch::Device device() const;

  // A copy of everything, as it would be saved.
  Weights weights() const;
  // Replaces the values in place.
  void load(const Weights& weights);
  // Replaces batch norm's running statistics by their means over the group.
  void average_statistics(Group& group);
  // Moves every value towards those of `other`, which has the same graph: an average of weights over the steps (Polyak
  // and Juditsky, 1992). `decay` is what is left of the old value; it rises from 0 as (1 + steps) / (10 + steps), so
  // that short runs are averaged too.
  void follow(const Network& other, double decay, std::int64_t steps);

 private:
  friend struct Forward;
  struct Pass;
  Output run(const torch::Tensor& input, const Pass& pass);

  Graph graph_;
  std::map<std::string, torch::Tensor> parameters_, statistics_;
  std::vector<bool> frozen_;
  std::vector<int> uses_;  // how often each node's output is read
};

// Between the two kinds of tensor: a copy, contiguous, f32.
torch::Tensor to_torch(const Tensor& tensor);
Tensor from_torch(const torch::Tensor& tensor);

// The same computation for validation and prediction: no gradients, inference mode. [batch, labels].
torch::Tensor infer(Network& network, const torch::Tensor& input);

}  // namespace graft
