// The networks graft knows by name. A new one is one file beside this and one line in the table in architecture.cpp.
//
//   resnet18 resnet34 resnet50   He et al., "Deep residual learning for image recognition", 2015
//   resnet10_WWW                 one block a stage, for small pictures; WWW is the width in hundredths: 025, 050, 100
//   mobilenetv2_WWW              Sandler et al., "MobileNetV2", 2018: 035, 100, 140
//   tf_mobilenetv2_WWW           the same with TensorFlow's "same" padding and epsilon, as Keras has it
//   inception_v3                 Szegedy et al., "Rethinking the Inception architecture", 2015
//
// Node and weight names are torchvision's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"
#include "graph/weights.h"
#include "image/preprocess.h"

namespace graft {

// A network with a classifier of `labels` outputs, for pictures of `size` x `size` (0: what it was published with).
// Throws Kind::not_found, listing the names, when there is none of that name.
Graph build(std::string_view architecture, int labels, int size = 0);

// Names for help and errors, e.g. "resnet18", "mobilenetv2_100".
std::vector<std::string> architectures();

// How the published weights of this architecture want their pictures.
Preprocess published_preprocess(std::string_view architecture);

// Weights to train from scratch: He's normal initialisation by fan-out for convolutions, ones and zeros for batch norm,
// uniform by fan-in for linear layers (PyTorch's defaults for these networks). A function of the seed.
Weights initial_weights(const Graph& graph, std::uint64_t seed);

}  // namespace graft
