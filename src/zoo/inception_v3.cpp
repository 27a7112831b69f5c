// Inception v3: Szegedy et al., 2015, as torchvision lays it out.
#include <utility>

#include "graph/builder.h"
#include "zoo/families.h"

namespace graft {
namespace {

class Inception {
 public:
  explicit Inception(GraphBuilder& builder) : builder_(builder) {}

  // BasicConv2d: convolution, batch norm with epsilon 1e-3, ReLU.
  NodeId conv(const std::string& path, NodeId x, int out, Pair kernel, int stride = 1, Padding padding = {}) {
    x = builder_.add(path + ".conv",
                     Conv2d{.out_channels = out, .kernel = kernel, .stride = square(stride), .padding = padding}, {x});
    x = builder_.add(path + ".bn", BatchNorm{.epsilon = 1e-3}, {x});
    return builder_.relu(path + ".relu", x);
  }
  NodeId conv1(const std::string& path, NodeId x, int out) { return conv(path, x, out, square(1)); }
  NodeId conv3(const std::string& path, NodeId x, int out) { return conv(path, x, out, square(3), 1, pad(1)); }
  NodeId row(const std::string& path, NodeId x, int out, int size) {
    return conv(path, x, out, {1, size}, 1, {.left = size / 2, .right = size / 2});
  }
  NodeId column(const std::string& path, NodeId x, int out, int size) {
    return conv(path, x, out, {size, 1}, 1, {.top = size / 2, .bottom = size / 2});
  }
  NodeId max_pool(const std::string& path, NodeId x) {
    return builder_.add(path, MaxPool{square(3), square(2), {}}, {x});
  }
  NodeId pool_branch(const std::string& path, NodeId x, int out) {
    x = builder_.add(path + "branch_pool.pool", AveragePool{square(3), square(1), pad(1)}, {x});
    return conv1(path + "branch_pool", x, out);
  }
  NodeId concat(const std::string& path, std::vector<NodeId> branches) {
    return builder_.add(path + "concat", Concat{}, std::move(branches));
  }

  // 35 x 35.
  NodeId a(const std::string& name, NodeId x, int pool_features) {
    const std::string path = begin(name);
    const NodeId one = conv1(path + "branch1x1", x, 64);
    const NodeId five = conv(path + "branch5x5_2", conv1(path + "branch5x5_1", x, 48), 64, square(5), 1, pad(2));
    NodeId twice = conv3(path + "branch3x3dbl_2", conv1(path + "branch3x3dbl_1", x, 64), 96);
    twice = conv3(path + "branch3x3dbl_3", twice, 96);
    return concat(path, {one, five, twice, pool_branch(path, x, pool_features)});
  }
  // 35 x 35 to 17 x 17.
  NodeId b(const std::string& name, NodeId x) {
    const std::string path = begin(name);
    const NodeId three = conv(path + "branch3x3", x, 384, square(3), 2);
    NodeId twice = conv3(path + "branch3x3dbl_2", conv1(path + "branch3x3dbl_1", x, 64), 96);
    twice = conv(path + "branch3x3dbl_3", twice, 96, square(3), 2);
    return concat(path, {three, twice, max_pool(path + "branch_pool", x)});
  }
  // 17 x 17, with 7 x 7 convolutions as rows and columns.
  NodeId c(const std::string& name, NodeId x, int width) {
    const std::string path = begin(name);
    const NodeId one = conv1(path + "branch1x1", x, 192);
    NodeId seven = row(path + "branch7x7_2", conv1(path + "branch7x7_1", x, width), width, 7);
    seven = column(path + "branch7x7_3", seven, 192, 7);
    NodeId twice = column(path + "branch7x7dbl_2", conv1(path + "branch7x7dbl_1", x, width), width, 7);
    twice = row(path + "branch7x7dbl_3", twice, width, 7);
    twice = column(path + "branch7x7dbl_4", twice, width, 7);
    twice = row(path + "branch7x7dbl_5", twice, 192, 7);
    return concat(path, {one, seven, twice, pool_branch(path, x, 192)});
  }
  // 17 x 17 to 8 x 8.
  NodeId d(const std::string& name, NodeId x) {
    const std::string path = begin(name);
    const NodeId three = conv(path + "branch3x3_2", conv1(path + "branch3x3_1", x, 192), 320, square(3), 2);
    NodeId seven = row(path + "branch7x7x3_2", conv1(path + "branch7x7x3_1", x, 192), 192, 7);
    seven = column(path + "branch7x7x3_3", seven, 192, 7);
    seven = conv(path + "branch7x7x3_4", seven, 192, square(3), 2);
    return concat(path, {three, seven, max_pool(path + "branch_pool", x)});
  }
  // 8 x 8.
  NodeId e(const std::string& name, NodeId x) {
    const std::string path = begin(name);
    const NodeId one = conv1(path + "branch1x1", x, 320);
    const NodeId three = conv1(path + "branch3x3_1", x, 384);
    const NodeId twice = conv3(path + "branch3x3dbl_2", conv1(path + "branch3x3dbl_1", x, 448), 384);
    return concat(path, {one, row(path + "branch3x3_2a", three, 384, 3), column(path + "branch3x3_2b", three, 384, 3),
                         row(path + "branch3x3dbl_3a", twice, 384, 3), column(path + "branch3x3dbl_3b", twice, 384, 3),
                         pool_branch(path, x, 192)});
  }
  NodeId auxiliary(NodeId x, int labels) {
    const std::string path = begin("AuxLogits");
    x = builder_.add(path + "pool", AveragePool{square(5), square(3), {}}, {x});
    x = conv(path + "conv1", conv1(path + "conv0", x, 128), 768, square(5));
    x = builder_.add(path + "avgpool", GlobalAveragePool{}, {x});
    x = builder_.add(path + "flatten", Flatten{}, {x});
    return builder_.add(path + "fc", Linear{labels}, {x});
  }
  NodeId stem() {
    builder_.begin_block("stem");
    NodeId x = conv("Conv2d_1a_3x3", builder_.input(), 32, square(3), 2);
    x = conv3("Conv2d_2b_3x3", conv("Conv2d_2a_3x3", x, 32, square(3)), 64);
    x = conv1("Conv2d_3b_1x1", max_pool("maxpool1", x), 80);
    return max_pool("maxpool2", conv("Conv2d_4a_3x3", x, 192, square(3)));
  }

 private:
  // Each module is a block; its nodes' names begin with its name.
  std::string begin(const std::string& name) {
    builder_.begin_block(name);
    return name + ".";
  }

  GraphBuilder& builder_;
};

}  // namespace

Graph inception_v3(int labels, int size) {
  GraphBuilder builder("inception_v3", Input{3, size, size});
  Inception net(builder);
  NodeId x = net.stem();
  x = net.a("Mixed_5b", x, 32);
  x = net.a("Mixed_5c", x, 64);
  x = net.a("Mixed_5d", x, 64);
  x = net.b("Mixed_6a", x);
  x = net.c("Mixed_6b", x, 128);
  x = net.c("Mixed_6c", x, 160);
  x = net.c("Mixed_6d", x, 160);
  x = net.c("Mixed_6e", x, 192);
  const NodeId auxiliary = net.auxiliary(x, labels);
  x = net.d("Mixed_7a", x);
  x = net.e("Mixed_7b", x);
  x = net.e("Mixed_7c", x);
  builder.begin_block("head");
  x = builder.features("avgpool", x);
  x = builder.add("dropout", Dropout{0.5}, {x});
  return builder.finish(builder.add("fc", Linear{labels}, {x}), auxiliary);
}

}  // namespace graft
