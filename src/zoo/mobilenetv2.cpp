// Inverted residuals with linear bottlenecks: Sandler et al., 2018.
#include <algorithm>

#include "graph/builder.h"
#include "zoo/families.h"

namespace graft {
namespace {

struct Stage {
  int expansion, channels, repeats, stride;
};
constexpr Stage kStages[] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                             {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};

// The nearest multiple of 8 that is not more than a tenth smaller.
int round_channels(double channels) {
  const int rounded = std::max(8, static_cast<int>(channels + 4) / 8 * 8);
  return rounded < 0.9 * channels ? rounded + 8 : rounded;
}

class MobileNetV2 {
 public:
  MobileNetV2(GraphBuilder& builder, double width, Flavour flavour)
      : builder_(builder), width_(width), flavour_(flavour) {}

  int scaled(int channels) const {
    const double exact = channels * width_;
    return round_channels(flavour_ == Flavour::tensorflow ? static_cast<int>(exact) : exact);
  }

  // Convolution, batch norm and, where `active`, ReLU6, under the names of torchvision's ConvBNReLU.
  NodeId unit(const std::string& conv, const std::string& norm, const std::string& relu, NodeId x, Conv2d convolution) {
    convolution.padding = convolution.kernel.height == 1 ? Padding{} : padding(convolution.stride.height);
    x = builder_.add(conv, convolution, {x});
    x = builder_.add(norm, norm_, {x});
    return relu.empty() ? x : builder_.add(relu, Activation{Activation::Function::relu6}, {x});
  }
  NodeId unit(const std::string& path, NodeId x, const Conv2d& convolution) {
    return unit(path + ".0", path + ".1", path + ".2", x, convolution);
  }

  NodeId inverted_residual(const std::string& path, NodeId input, const Stage& stage, int in, int stride) {
    const int hidden = in * stage.expansion;
    const int out = scaled(stage.channels);
    int index = 0;
    const auto next = [&] { return path + ".conv." + std::to_string(index++); };
    NodeId x = input;
    if (stage.expansion != 1) x = unit(next(), x, {.out_channels = hidden});
    x = unit(next(), x, {.out_channels = hidden, .kernel = square(3), .stride = square(stride), .groups = hidden});
    const std::string project = next(), norm = next();
    x = unit(project, norm, "", x, {.out_channels = out});
    return stride == 1 && in == out ? builder_.add(path + ".add", Add{}, {input, x}) : x;
  }

 private:
  Padding padding(int stride) const {
    return flavour_ == Flavour::tensorflow && stride == 2 ? Padding{.bottom = 1, .right = 1} : pad(1);
  }

  GraphBuilder& builder_;
  double width_;
  Flavour flavour_;
  // Keras gathers statistics at 0.001 of the new; that needs thousands of steps, so both flavours train at PyTorch's
  // 0.1.
  BatchNorm norm_ = flavour_ == Flavour::tensorflow ? BatchNorm{.epsilon = 1e-3} : BatchNorm{};
};

}  // namespace

Graph mobilenetv2(std::string architecture, double width, Flavour flavour, int labels, int size) {
  GraphBuilder builder(std::move(architecture), Input{3, size, size});
  MobileNetV2 net(builder, width, flavour);
  builder.begin_block("features.0");
  int channels = net.scaled(32);
  NodeId x =
      net.unit("features.0", builder.input(), {.out_channels = channels, .kernel = square(3), .stride = square(2)});
  int index = 1;
  for (const Stage& stage : kStages) {
    for (int i = 0; i < stage.repeats; ++i) {
      const std::string path = "features." + std::to_string(index++);
      builder.begin_block(path);
      x = net.inverted_residual(path, x, stage, channels, i == 0 ? stage.stride : 1);
      channels = net.scaled(stage.channels);
    }
  }
  builder.begin_block("features.18");
  x = net.unit("features.18", x, {.out_channels = width > 1 ? round_channels(1280 * width) : 1280});
  builder.begin_block("head");
  x = builder.features("pool", x);
  x = builder.add("classifier.0", Dropout{0.2}, {x});
  return builder.finish(builder.add("classifier.1", Linear{labels}, {x}));
}

}  // namespace graft
