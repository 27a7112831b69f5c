// The builders behind architecture.h's table, one file each.
#pragma once

#include "graph/graph.h"

namespace graft {

// `depth` is 10, 18, 34 or 50. `width` is the channels of the first stage: 64 as published.
Graph resnet(std::string architecture, int depth, int width, int labels, int size);

// PyTorch pads both sides by 1; TensorFlow's "same" padding of a stride of 2 on an even size pads below and right only,
// and its batch norm has epsilon 1e-3.
enum class Flavour { pytorch, tensorflow };
Graph mobilenetv2(std::string architecture, double width, Flavour flavour, int labels, int size);

// With its auxiliary classifier, which needs at least 299 x 299 as published sizes go.
Graph inception_v3(int labels, int size);

}  // namespace graft
