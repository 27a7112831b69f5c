// Residual networks: He et al., 2015, as torchvision lays them out (the stride of a bottleneck sits on its 3x3).
#include <vector>

#include "base/error.h"
#include "graph/builder.h"
#include "zoo/families.h"

namespace graft {
namespace {

struct Layout {
  std::vector<int> blocks;  // of the four stages
  bool bottleneck;
};

Layout layout_of(int depth) {
  switch (depth) {
    case 10:
      return {{1, 1, 1, 1}, false};
    case 18:
      return {{2, 2, 2, 2}, false};
    case 34:
      return {{3, 4, 6, 3}, false};
    case 50:
      return {{3, 4, 6, 3}, true};
    default:
      fail(Kind::not_found, "there is no ResNet of depth ", depth);
  }
}

class ResNet {
 public:
  ResNet(GraphBuilder& builder, Layout layout) : builder_(builder), layout_(std::move(layout)) {}

  NodeId stem(int width) {
    builder_.begin_block("stem");
    NodeId x = conv("conv1", "bn1", builder_.input(), width, 7, 2);
    x = builder_.relu("relu", x);
    channels_ = width;
    return builder_.add("maxpool", MaxPool{square(3), square(2), pad(1)}, {x});
  }

  NodeId stage(int index, NodeId x, int width) {
    const std::string name = "layer" + std::to_string(index + 1);
    builder_.begin_block(name);
    for (int i = 0; i < layout_.blocks[static_cast<std::size_t>(index)]; ++i) {
      x = block(name + "." + std::to_string(i) + ".", x, width, index > 0 && i == 0 ? 2 : 1);
    }
    return x;
  }

 private:
  NodeId conv(const std::string& name, const std::string& norm, NodeId x, int out, int kernel, int stride) {
    const Conv2d convolution{
        .out_channels = out, .kernel = square(kernel), .stride = square(stride), .padding = pad(kernel / 2)};
    return builder_.add(norm, BatchNorm{}, {builder_.add(name, convolution, {x})});
  }

  NodeId block(const std::string& path, NodeId input, int width, int stride) {
    const int out = layout_.bottleneck ? 4 * width : width;
    NodeId x = input;
    if (layout_.bottleneck) {
      x = builder_.relu(path + "relu1", conv(path + "conv1", path + "bn1", x, width, 1, 1));
      x = builder_.relu(path + "relu2", conv(path + "conv2", path + "bn2", x, width, 3, stride));
      x = conv(path + "conv3", path + "bn3", x, out, 1, 1);
    } else {
      x = builder_.relu(path + "relu1", conv(path + "conv1", path + "bn1", x, width, 3, stride));
      x = conv(path + "conv2", path + "bn2", x, out, 3, 1);
    }
    NodeId shortcut = input;
    if (stride != 1 || channels_ != out) {
      shortcut = conv(path + "downsample.0", path + "downsample.1", input, out, 1, stride);
    }
    channels_ = out;
    return builder_.relu(path + "relu", builder_.add(path + "add", Add{}, {x, shortcut}));
  }

  GraphBuilder& builder_;
  Layout layout_;
  int channels_ = 0;  // of the node written last
};

}  // namespace

Graph resnet(std::string architecture, int depth, int width, int labels, int size) {
  GraphBuilder builder(std::move(architecture), Input{3, size, size});
  ResNet net(builder, layout_of(depth));
  NodeId x = net.stem(width);
  for (int stage = 0; stage < 4; ++stage) x = net.stage(stage, x, width << stage);
  builder.begin_block("head");
  x = builder.features("avgpool", x);
  return builder.finish(builder.add("fc", Linear{labels}, {x}));
}

}  // namespace graft
