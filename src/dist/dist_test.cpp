#include <gtest/gtest.h>

#include "dist/dist_testing.h"
#include "dist/reducer.h"

namespace graft {
namespace {

TEST(Group, AProcessAloneIsAGroupOfOne) {
  Group group;
  EXPECT_EQ(group.size(), 1);
  EXPECT_TRUE(group.leads());
  torch::Tensor x = torch::ones({3});
  group.sum(x);
  EXPECT_TRUE(torch::equal(x, torch::ones({3})));
  EXPECT_EQ(group.gather("me"), std::vector<std::string>{"me"});
  group.wait_for_all();
  group.leave();
}

TEST(Group, SumsBroadcastsAndGathers) {
  with_ranks(3, [](Group& group) {
    torch::Tensor x = torch::full({5}, static_cast<float>(group.rank() + 1));
    group.sum(x);
    EXPECT_TRUE(torch::equal(x, torch::full({5}, 6.f)));
    torch::Tensor y = torch::full({2}, static_cast<float>(group.rank()));
    group.broadcast(y, 2);
    EXPECT_TRUE(torch::equal(y, torch::full({2}, 2.f)));
    std::string text = group.rank() == 1 ? "from one" : "";
    group.broadcast(text, 1);
    EXPECT_EQ(text, "from one");
    const std::vector<std::string> all = group.gather(std::string(static_cast<std::size_t>(group.rank()), 'x'));
    EXPECT_EQ(all, (std::vector<std::string>{"", "x", "xx"}));
  });
}

TEST(Group, SumsAsBf16AreEqualEverywhereAndNearTheSum) {
  with_ranks(3, [](Group& group) {
    const torch::Tensor base = torch::linspace(-3, 7, 1001);
    torch::Tensor x = base * (group.rank() + 1);
    group.sum_as_bf16(x, Lane::main);
    EXPECT_LT(((x - base * 6).abs() / (base * 6).abs().clamp_min(1e-2)).max().item<float>(), 0.02f);
    torch::Tensor first = x.clone();
    group.broadcast(first, 0);
    EXPECT_TRUE(torch::equal(first, x));
  });
}

// The gradients of a batch that is divided among ranks are those of the whole batch.
void expect_same_gradients(const ReducerOptions& options, double tolerance) {
  torch::manual_seed(1);
  const torch::Tensor input = torch::randn({12, 7});
  const torch::Tensor w1 = torch::randn({7, 9}), w2 = torch::randn({9, 4});
  const auto loss_of = [](const torch::Tensor& x, const torch::Tensor& a, const torch::Tensor& b) {
    return (torch::relu(x.matmul(a)).matmul(b)).square().sum() / 12;
  };
  torch::Tensor a = w1.clone().set_requires_grad(true), b = w2.clone().set_requires_grad(true);
  loss_of(input, a, b).backward();
  with_ranks(3, [&](Group& group) {
    torch::Tensor c = w1.clone().set_requires_grad(true), d = w2.clone().set_requires_grad(true);
    Reducer reducer(group, {c, d}, options);
    for (int step = 0; step < 3; ++step) {
      std::vector<double> totals{1.0 + group.rank(), 0.5};
      reducer.backward(loss_of(input.narrow(0, group.rank() * 4, 4), c, d), totals);
      EXPECT_EQ(totals, (std::vector<double>{6.0, 1.5}));
      EXPECT_LT((c.grad() - a.grad()).abs().max().item<double>(), tolerance * a.grad().abs().max().item<double>());
      EXPECT_LT((d.grad() - b.grad()).abs().max().item<double>(), tolerance * b.grad().abs().max().item<double>());
      c.mutable_grad().reset();
      d.mutable_grad().reset();
    }
    EXPECT_EQ(reducer.times().buckets.size(), options.bucket_bytes < 200 ? 2u : 1u);
    EXPECT_GT(reducer.times().communication, 0);
  });
}

TEST(Reducer, SumsAreTheWholeBatchsGradients) {
  expect_same_gradients({}, 1e-5);
}
TEST(Reducer, InManyBuckets) {
  expect_same_gradients({.bucket_bytes = 100}, 1e-5);
}
TEST(Reducer, AfterTheBackwardPass) {
  expect_same_gradients({.bucket_bytes = 100, .overlap = false}, 1e-5);
}
TEST(Reducer, RoundedToBf16) {
  expect_same_gradients({.bf16 = true}, 0.02);
}

TEST(Reducer, KeepsTheLayoutOfItsParameters) {
  with_ranks(2, [](Group& group) {
    torch::Tensor w = torch::randn({8, 3, 3, 3}).contiguous(torch::MemoryFormat::ChannelsLast).set_requires_grad(true);
    Reducer reducer(group, {w}, {});
    std::vector<double> totals{0};
    const torch::Tensor factor = torch::arange(8 * 27).view({8, 3, 3, 3}).to(torch::kFloat32);
    reducer.backward((w * factor).sum(), totals);
    EXPECT_TRUE(torch::equal(w.grad(), 2 * factor));
    EXPECT_EQ(w.grad().strides(), w.strides());
  });
}

TEST(Group, SaysWhetherAllStandAtOnePoint) {
  with_ranks(2, [](Group& group) {
    EXPECT_TRUE(group.regroup("training"));
    EXPECT_FALSE(group.regroup(group.rank() == 0 ? "training" : "beginning"));
  });
}

TEST(Group, WhoIsLostIsNamedAndTheRestGoOn) {
  const auto quick = [](Group& group) {
    if (group.rank() == 1) {
      group.at(7, "training");
      throw std::runtime_error("dies");  // its connection closes with its member
    }
    torch::Tensor x = torch::ones({4});
    try {
      group.sum(x);
      FAIL() << "the sum needs rank 1";
    } catch (const MemberLost& lost) {
      EXPECT_NE(std::string(lost.what()).find("rank 1 on"), std::string::npos) << lost.what();
    }
    EXPECT_TRUE(group.regroup("the same"));
    EXPECT_EQ(group.size(), 2);
    torch::Tensor y = torch::ones({4});
    group.sum(y);
    EXPECT_TRUE(torch::equal(y, torch::full({4}, 2.f)));
  };
  EXPECT_THROW(with_ranks(3, quick, 2), std::runtime_error);
}

}  // namespace
}  // namespace graft
