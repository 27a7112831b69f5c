// A plan computes every operation at the edges of what a graph may say of it; what it refuses is named here.
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"
#include "infer/naive.h"
#include "infer/plan.h"

namespace graft {
namespace {

Graph one_operation(Input input, Operation operation) {
  TinyGraph tiny(input);
  return tiny.finish(tiny.add("node", std::move(operation), {0}));
}

void expect_parity(const Graph& graph, const std::string& what) {
  const Weights weights = random_weights(graph, 1);
  const std::vector<float> input = random_input(graph, 3, 1), expected = run_naive(graph, weights, input, 3);
  std::vector<float> output(expected.size());
  try {
    Plan(graph, weights, {.threads = 1}).run(input, 3, output);
    EXPECT_LT(largest_error(output, expected), 1e-5) << what;
  } catch (const Error& error) {
    ADD_FAILURE() << what << ": " << error.what();
  }
}

const std::vector<Input> kInputs = {{1, 1, 1}, {1, 5, 7}, {3, 9, 4}, {16, 6, 5}, {17, 4, 8}};
const std::vector<Pair> kKernels = {{1, 1}, {2, 3}, {5, 1}, {3, 3}};
const std::vector<Pair> kStrides = {{1, 1}, {2, 3}, {7, 1}};
// Conv2d may pad by more than its kernel covers.
const std::vector<Padding> kPaddings = {
    {}, {1, 1, 1, 1}, {.bottom = 1, .right = 2}, {.top = 4, .left = 3}, {9, 0, 0, 9}};

bool fits(const Graph& graph) {
  try {
    infer_shapes(graph);
    return true;
  } catch (const Error&) {
    return false;
  }
}

TEST(PlanCorners, Convolutions) {
  for (const Input& input : kInputs)
    for (const Pair kernel : kKernels)
      for (const Pair stride : kStrides)
        for (const Padding& padding : kPaddings)
          for (const Pair dilation : {Pair{1, 1}, Pair{3, 2}})
            for (const int groups : {1, input.channels}) {
              const Conv2d operation{.out_channels = 2 * input.channels,
                                     .kernel = kernel,
                                     .stride = stride,
                                     .padding = padding,
                                     .dilation = dilation,
                                     .groups = groups};
              const Graph graph = one_operation(input, operation);
              if (fits(graph)) expect_parity(graph, to_json(graph).dump());
            }
}

template <typename Pool>
void expect_pools(bool Pool::*flag) {
  int checked = 0;
  for (const Input& input : kInputs)
    for (const Pair kernel : kKernels)
      for (const Pair stride : kStrides)
        for (const Padding& padding : {Padding{}, Padding{0, kernel.height - 1, kernel.width - 1, 0},
                                       Padding{kernel.height - 1, kernel.height - 1, 0, kernel.width - 1}})
          for (const bool set : {false, true}) {
            Pool operation{.kernel = kernel, .stride = stride, .padding = padding};
            operation.*flag = set;
            const Graph graph = one_operation(input, operation);
            if (!fits(graph)) continue;
            expect_parity(graph, to_json(graph).dump());
            ++checked;
          }
  EXPECT_GT(checked, 200);
}

TEST(PlanCorners, MaxPools) {
  expect_pools(&MaxPool::ceil_mode);
}

TEST(PlanCorners, AveragePools) {
  expect_pools(&AveragePool::count_padding);
}

TEST(PlanCorners, TheOthers) {
  for (const Input& input : kInputs) {
    for (const Operation& operation :
         {Operation(BatchNorm{}), Operation(Activation{}), Operation(Activation{Activation::Function::relu6}),
          Operation(Activation{Activation::Function::sqrt}), Operation(Concat{}), Operation(GlobalAveragePool{}),
          Operation(Flatten{}), Operation(Dropout{})}) {
      const Graph graph = one_operation(input, operation);
      expect_parity(graph, to_json(graph).dump());
    }
    TinyGraph twice(input), linear(input), alone(input);
    expect_parity(twice.finish(twice.add("add", Add{}, {0, 0})), "add");
    const NodeId both = linear.add("concat", Concat{}, {0, 0});
    const NodeId flat = linear.add("flatten", Flatten{}, {linear.relu("relu", both)});
    const NodeId fc = linear.add("fc", Linear{.out_features = 3}, {flat});
    expect_parity(linear.finish(linear.add("add", Add{}, {fc, linear.relu("after", fc)})), "linear");
    expect_parity(alone.finish(0), "input");
  }
}

}  // namespace
}  // namespace graft
