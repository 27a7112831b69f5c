// The attributes of each operation, listed once: reading and writing graph.json both walk this list.
#pragma once

#include "graph/graph.h"

namespace graft {

// fields(operation, visit) calls visit(name, attribute) for each attribute.
template <typename Visit>
void fields(Input& x, Visit&& visit) {
  visit("channels", x.channels);
  visit("height", x.height);
  visit("width", x.width);
}
template <typename Visit>
void fields(Conv2d& x, Visit&& visit) {
  visit("out_channels", x.out_channels);
  visit("kernel", x.kernel);
  visit("stride", x.stride);
  visit("padding", x.padding);
  visit("dilation", x.dilation);
  visit("groups", x.groups);
  visit("bias", x.bias);
}
template <typename Visit>
void fields(BatchNorm& x, Visit&& visit) {
  visit("epsilon", x.epsilon);
  visit("momentum", x.momentum);
}
template <typename Visit>
void fields(Activation& x, Visit&& visit) {
  visit("function", x.function);
}
template <typename Visit>
void fields(MaxPool& x, Visit&& visit) {
  visit("kernel", x.kernel);
  visit("stride", x.stride);
  visit("padding", x.padding);
  visit("ceil_mode", x.ceil_mode);
}
template <typename Visit>
void fields(AveragePool& x, Visit&& visit) {
  visit("kernel", x.kernel);
  visit("stride", x.stride);
  visit("padding", x.padding);
  visit("count_padding", x.count_padding);
}
template <typename Visit>
void fields(Linear& x, Visit&& visit) {
  visit("out_features", x.out_features);
  visit("bias", x.bias);
}
template <typename Visit>
void fields(Dropout& x, Visit&& visit) {
  visit("probability", x.probability);
}
template <typename Visit>
void fields(Add&, Visit&&) {}
template <typename Visit>
void fields(Concat&, Visit&&) {}
template <typename Visit>
void fields(GlobalAveragePool&, Visit&&) {}
template <typename Visit>
void fields(Flatten&, Visit&&) {}

}  // namespace graft
