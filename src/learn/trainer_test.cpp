#include "learn/trainer.h"

#include <gtest/gtest.h>

#include <atomic>

#include "base/error.h"
#include "base/file.h"
#include "dist/dist_testing.h"
#include "graph/builder.h"
#include "graph/surgery.h"
#include "learn/checkpoint.h"
#include "learn/layer_schedule.h"
#include "learn/mixed_precision.h"
#include "learn/synchronised_batch_norm.h"
#include "zoo/architecture.h"

namespace graft {
namespace {

// Pictures of two labels, drawn when they are asked for: bright above or bright below.
class Drawn : public Dataset {
 public:
  // `readings`: after so many no picture can be read.
  explicit Drawn(std::size_t size, std::uint64_t seed, int readings = -1)
      : size_(size), seed_(seed), readings_(readings) {}
  std::size_t size() const override { return size_; }
  Sample get(std::size_t i) const override {
    require(readings_-- != 0, "the disk is gone");
    Image image{32, 32, std::vector<std::uint8_t>(32 * 32 * 3)};
    Random random(derive(Key{seed_}, i));
    for (std::size_t k = 0; k < image.pixels.size(); ++k) {
      const bool upper = k < image.pixels.size() / 2;
      image.pixels[k] = static_cast<std::uint8_t>(random.below(128) + (upper == (label(i) == 0) ? 100 : 0));
    }
    return {name(i), label(i), encode_png(image)};
  }
  std::string name(std::size_t i) const override { return std::to_string(i); }
  int label(std::size_t i) const override { return static_cast<int>(i % 2); }
  const std::vector<std::string>& labels() const override { return labels_; }

 private:
  std::size_t size_;
  std::uint64_t seed_;
  mutable std::atomic<int> readings_;
  std::vector<std::string> labels_{"above", "below"};
};

TrainingData data(std::size_t threads = 2) {
  return {std::make_shared<Drawn>(30, 1),
          std::make_shared<Drawn>(12, 2),
          {.width = 32, .height = 32, .crop_fraction = 1},
          threads};
}

TrainerSettings settings() {
  TrainerSettings s;
  s.epochs = 3;
  s.batch = 8;
  s.optimizer = {.method = OptimizerSettings::Method::adamw, .learning_rate = 2e-3};
  s.mixup = 0.2;
  s.average_decay = 0.9;
  s.augmentation.flip_horizontal = 0.5;
  return s;
}

Network network() {
  const Graph graph = build("resnet10_025", 2, 32);
  return Network(graph, initial_weights(graph, 1));
}

std::vector<float> values(const TrainOutcome& outcome) {
  return to_floats(outcome.weights.at("layer4.0.conv1.weight"));
}

TEST(Trainer, LearnsWhatIsEasy) {
  Network net = network();
  TrainerSettings s = settings();
  s.epochs = 8;
  s.mixup = 0;
  const TrainOutcome outcome = train(net, data(), s, {});
  EXPECT_EQ(outcome.epochs, 8);
  EXPECT_GE(outcome.curve.points.back().validation_accuracy, 0.9);
}

TEST(Trainer, TheSameSeedGivesTheSameNumbersOnAnyNumberOfThreads) {
  Network one = network(), two = network(), other = network();
  const std::vector<float> first = values(train(one, data(1), settings(), {}));
  EXPECT_EQ(first, values(train(two, data(3), settings(), {})));
  TrainerSettings s = settings();
  s.seed = 2;
  EXPECT_NE(first, values(train(other, data(), s, {})));
}

TEST(Trainer, ARunThatStoppedGoesOnToTheSameNumbers) {
  const TemporaryFolder folder;
  Network whole = network(), stopped = network(), resumed = network();
  const TrainOutcome expected = train(whole, data(), settings(), {});
  TrainControl control{.checkpoints = folder.path()};
  control.report = [](const EpochReport& report) {
    if (report.epoch == 2) fail(Kind::internal, "killed");
  };
  EXPECT_THROW(train(stopped, data(), settings(), control), Error);
  control.report = nullptr;
  control.resume = true;
  std::int64_t from = -1;
  control.begun = [&](std::int64_t step) { from = step; };
  const TrainOutcome outcome = train(resumed, data(), settings(), control);
  EXPECT_EQ(from, 4);
  EXPECT_EQ(values(outcome), values(expected));
  EXPECT_EQ(outcome.curve.points.size(), expected.curve.points.size());
  EXPECT_EQ(outcome.curve.points.back().train_loss, expected.curve.points.back().train_loss);
}

TEST(Trainer, AStopKeepsWhatThereIsAndIsGoneOnFromAtTheVeryStep) {
  const TemporaryFolder folder;
  Network whole = network(), stopped = network(), resumed = network();
  const TrainOutcome expected = train(whole, data(), settings(), {});
  int steps = 0;
  TrainControl control{.checkpoints = folder.path(), .stop = [&] { return ++steps == 2; }};
  const TrainOutcome early = train(stopped, data(), settings(), control);
  EXPECT_EQ(steps, 2);
  EXPECT_EQ(early.curve.points.size(), 1u);
  EXPECT_EQ(values(early), to_floats(stopped.weights().at("layer4.0.conv1.weight")));
  control.stop = nullptr;
  control.resume = true;
  EXPECT_EQ(values(train(resumed, data(), settings(), control)), values(expected));
}

TEST(Trainer, DoesNotResumeWithOtherSettings) {
  const TemporaryFolder folder;
  Network net = network();
  TrainControl control{.checkpoints = folder.path()};
  train(net, data(), settings(), control);
  control.resume = true;
  TrainerSettings s = settings();
  s.batch = 4;
  try {
    train(net, data(), s, control);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Kind::conflict);
  }
}

TEST(Trainer, StopsWhenItNoLongerImproves) {
  Network net = network();
  TrainerSettings s = settings();
  s.epochs = 50;
  s.patience = 2;
  s.optimizer.learning_rate = 1e-9;
  EXPECT_LT(train(net, data(), s, {}).epochs, 10);
}

TEST(Trainer, UnfreezesFromTheTopDown) {
  const Graph graph = build("resnet10_025", 2, 32);
  TrainerSettings s = settings();
  s.epochs = 9;
  s.gradual = true;
  const auto frozen = [&](const char* node, int epoch) {
    return static_cast<bool>(frozen_in(graph, s, epoch)[static_cast<std::size_t>(*find_node(graph, node))]);
  };
  EXPECT_TRUE(frozen("layer1.0.conv1", 0));
  EXPECT_FALSE(frozen("layer4.0.conv1", 0));
  EXPECT_FALSE(frozen("fc", 0));
  EXPECT_FALSE(frozen("layer2.0.conv1", 3));
  EXPECT_FALSE(frozen("conv1", 8));
  s.freeze_to = "layer1";
  EXPECT_TRUE(frozen("layer1.0.conv1", 8));
}

TEST(Trainer, NodesThatStayFrozenDoNotChange) {
  Network net = network();
  TrainerSettings s = settings();
  s.freeze_to = "layer2";
  s.average_decay = 0;
  const Weights before = net.weights();
  const Weights after = train(net, data(), s, {}).weights;
  for (const char* name : {"conv1.weight", "bn1.running_mean", "layer2.0.bn2.weight", "layer2.0.bn2.running_var"}) {
    EXPECT_EQ(to_floats(before.at(name)), to_floats(after.at(name))) << name;
  }
  EXPECT_NE(to_floats(before.at("layer3.0.conv1.weight")), to_floats(after.at("layer3.0.conv1.weight")));
}

// Two convolutions without a maximum, over many pixels: where a small net's rounding does not grow from step to step.
// (Of resnet10_025 a weight's change by 1e-7 turns a loss by 1e-3 after twelve steps on one rank.)
Network smooth_network() {
  GraphBuilder builder("smooth", {.channels = 3, .height = 32, .width = 32});
  builder.begin_block("body");
  NodeId x = builder.input();
  for (const int width : {8, 16}) {
    const std::string number = std::to_string(width);
    x = builder.add("conv" + number,
                    Conv2d{.out_channels = width, .kernel = square(3), .stride = square(2), .padding = pad(1)}, {x});
    x = builder.relu("relu" + number, builder.add("bn" + number, BatchNorm{}, {x}));
  }
  x = builder.features("pool", x);
  builder.begin_block("head");
  const Graph graph = builder.finish(builder.add("fc", Linear{.out_features = 2}, {x}));
  return Network(graph, initial_weights(graph, 1));
}

bool parameters_have_gradients(const Network& net) {
  return std::all_of(net.parameters().begin(), net.parameters().end(), [](const auto& named) {
    const bool auxiliary = named.first.starts_with("AuxLogits");
    return auxiliary || (named.second.grad().defined() && named.second.grad().isfinite().all().template item<bool>());
  });
}

// What ranks learn from does not depend on how many they are: the same losses, step for step.
std::vector<double> losses(int ranks, int steps, bool augmented, double mixup) {
  TrainerSettings s = settings();
  s.mixup = mixup;
  s.synchronise = true;
  s.optimizer = {.method = OptimizerSettings::Method::sgd, .learning_rate = 0.02};
  s.batch = 20;
  s.epochs = steps / 2;
  if (!augmented) s.augmentation = {.crop = false, .flip_horizontal = 0};
  std::vector<double> losses;
  with_ranks(ranks, [&](Group& group) {
    Network net = smooth_network();
    TrainingData forty = data(1);
    forty.train = std::make_shared<Drawn>(40, 1);
    const TrainOutcome outcome = train(net, forty, s, {.group = &group});
    if (!group.leads()) return;
    for (const CurvePoint& point : outcome.curve.points) {
      losses.push_back(point.train_loss);
      losses.push_back(point.validation_loss);
    }
  });
  return losses;
}

void expect_same_losses(int steps, bool augmented, double mixup) {
  const std::vector<double> one = losses(1, steps, augmented, mixup);
  for (const int ranks : {2, 4}) {
    const std::vector<double> many = losses(ranks, steps, augmented, mixup);
    ASSERT_EQ(many.size(), one.size());
    for (std::size_t i = 0; i < one.size(); ++i) EXPECT_NEAR(many[i], one[i], 1e-4 * one[i]) << i << " of " << ranks;
  }
}

TEST(TrainerOnRanks, OneTwoAndFourRanksGiveTheSameLosses) {
  expect_same_losses(50, false, 0);
}
TEST(TrainerOnRanks, AlsoWithAugmentation) {
  expect_same_losses(50, true, 0);
}
TEST(TrainerOnRanks, AlsoWithMixup) {
  expect_same_losses(50, true, 0.2);
}

TEST(TrainerOnRanks, ACheckpointOfTwoIsGoneOnFromWithThreeInTheMiddleOfAnEpoch) {
  const TemporaryFolder folder;
  TrainerSettings s = settings();
  s.batch = 6;
  s.synchronise = true;
  s.mixup = 0;
  s.average_decay = 0;
  s.optimizer = {.method = OptimizerSettings::Method::sgd, .learning_rate = 1e-3};
  Network whole = network();
  const TrainOutcome expected = train(whole, data(), s, {});
  with_ranks(2, [&](Group& group) {
    Network net = network();
    TrainControl control{
        .checkpoints = folder.path(), .checkpoint_every = std::chrono::milliseconds(0), .group = &group};
    TrainerSettings first = s;
    first.epochs = 3;
    train(net, data(), first, control);
  });
  // The last checkpoint within the second epoch is where another number of ranks begins.
  ASSERT_TRUE(std::filesystem::exists(folder.path() / "checkpoint-14.safetensors"));
  std::filesystem::remove(folder.path() / "checkpoint-15.safetensors");
  with_ranks(3, [&](Group& group) {
    Network net = network();
    std::int64_t from = -1;
    const TrainOutcome outcome = train(net, data(), s,
                                       {.checkpoints = folder.path(),
                                        .resume = true,
                                        .begun = [&](std::int64_t step) { from = step; },
                                        .group = &group});
    EXPECT_EQ(from, 14);
    EXPECT_NEAR(outcome.curve.points.back().train_loss, expected.curve.points.back().train_loss, 1e-4);
    EXPECT_NEAR(outcome.curve.points.back().validation_loss, expected.curve.points.back().validation_loss, 1e-3);
  });
}

TEST(TrainerOnRanks, ThoseLeftGoOnFromTheLastCheckpointWhenARankIsLost) {
  TrainerSettings s = settings();
  s.epochs = 4;
  std::atomic<int> finished = 0;
  const auto body = [&](Group& group) {
    Network net = network();
    const auto dies = std::make_shared<Drawn>(30, 1, group.rank() == 1 ? 25 : -1);
    const TrainingData mine{dies, data().validation, data().preprocess, 1};
    const TrainOutcome outcome = train(net, mine, s, {.group = &group, .elastic = true});
    EXPECT_EQ(outcome.epochs, 4);
    EXPECT_EQ(group.size(), 2);
    ++finished;
  };
  EXPECT_THROW(with_ranks(3, body, 2), Error) << "rank 1's pictures end";
  EXPECT_EQ(finished, 2);
}

// Not all of libtorch has gradients in bf16: each family's operations are tried.
TEST(MixedPrecision, EveryFamilyLearnsInIt) {
  for (const char* name : {"resnet10_025", "mobilenetv2_035", "tf_mobilenetv2_035", "inception_v3"}) {
    const Graph graph = build(name, 2, name == std::string("inception_v3") ? 299 : 32);
    Network net(graph, initial_weights(graph, 1));
    const Input input = std::get<Input>(graph.nodes.front().operation);
    Network::Output out;
    {
      const MixedPrecision rounding(torch::kCPU, true);
      out = net.forward(torch::randn({2, 3, input.height, input.width}), true);
    }
    EXPECT_EQ(out.logits.scalar_type(), torch::kBFloat16) << name;
    out.logits.to(torch::kFloat32).square().sum().backward();
    EXPECT_TRUE(parameters_have_gradients(net)) << name;
  }
}

TEST(SynchronisedBatchNorm, IsBatchNormOverAllRanks) {
  torch::manual_seed(3);
  const auto options = torch::kFloat64;
  const torch::Tensor x = torch::randn({6, 3, 4, 5}, options) * 2 + 1, factor = torch::randn({6, 3, 4, 5}, options);
  const torch::Tensor scale = torch::randn({3}, options), shift = torch::randn({3}, options);
  torch::Tensor whole = x.clone().set_requires_grad(true), a = scale.clone().set_requires_grad(true),
                b = shift.clone().set_requires_grad(true);
  torch::Tensor mean = torch::zeros({3}, options), variance = torch::ones({3}, options);
  const torch::Tensor expected = torch::batch_norm(whole, a, b, mean, variance, true, 0.1, 1e-5, false);
  (expected * factor).sum().backward();
  with_ranks(3, [&](Group& group) {
    torch::Tensor part = x.narrow(0, 2 * group.rank(), 2).clone().set_requires_grad(true);
    torch::Tensor c = scale.clone().set_requires_grad(true), d = shift.clone().set_requires_grad(true);
    torch::Tensor m = torch::zeros({3}, options), v = torch::ones({3}, options);
    const torch::Tensor y = synchronised_batch_norm(part, c, d, m, v, 0.1, 1e-5, 1, group);
    (y * factor.narrow(0, 2 * group.rank(), 2)).sum().backward();
    EXPECT_TRUE(torch::allclose(y, expected.narrow(0, 2 * group.rank(), 2)));
    EXPECT_TRUE(torch::allclose(part.grad(), whole.grad().narrow(0, 2 * group.rank(), 2)));
    EXPECT_TRUE(torch::allclose(m, mean) && torch::allclose(v, variance));
    torch::Tensor slopes = torch::cat({c.grad(), d.grad()});
    group.sum(slopes);
    EXPECT_TRUE(torch::allclose(slopes, torch::cat({a.grad(), b.grad()})));
  });
}

TEST(Checkpoint, ThatWasBeingWrittenWhenItsProcessWasKilledIsNone) {
  const TemporaryFolder folder;
  write_file(folder.path() / "checkpoint-7.safetensors.nGfsyX", std::string_view("half"));
  EXPECT_FALSE(last_checkpoint(folder.path()).has_value());
  write_checkpoint(folder.path(), {.step = 7});
  EXPECT_EQ(last_checkpoint(folder.path())->step, 7);
}

TEST(Checkpoint, TheLastTwoAreKeptAndADamagedOneIsPassedOver) {
  const TemporaryFolder folder;
  EXPECT_FALSE(last_checkpoint(folder.path() / "none").has_value());
  EXPECT_FALSE(last_checkpoint(folder.path()).has_value());
  for (std::int64_t step : {5, 90, 100}) write_checkpoint(folder.path(), {.step = step});
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "checkpoint-5.safetensors"));
  EXPECT_EQ(last_checkpoint(folder.path())->step, 100);
  write_file(folder.path() / "checkpoint-100.safetensors", std::string_view("not a checkpoint"));
  EXPECT_EQ(last_checkpoint(folder.path())->step, 90);
  write_file(folder.path() / "checkpoint-90.safetensors", std::string_view("nor this"));
  EXPECT_THROW(last_checkpoint(folder.path()), Error);
}

}  // namespace
}  // namespace graft
