#include "learn/trainer.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "graph/surgery.h"
#include "learn/checkpoint.h"
#include "zoo/architecture.h"

namespace graft {
namespace {

// Pictures of two labels, drawn when they are asked for: bright above or bright below.
class Drawn : public Dataset {
 public:
  explicit Drawn(std::size_t size, std::uint64_t seed) : size_(size), seed_(seed) {}
  std::size_t size() const override { return size_; }
  Sample get(std::size_t i) const override {
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
  EXPECT_GE(accuracy(outcome.validation), 0.9);
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
  TrainControl control{.checkpoint = folder.path() / "checkpoint.safetensors"};
  control.report = [](const EpochReport& report) {
    if (report.epoch == 2) fail(Kind::internal, "killed");
  };
  EXPECT_THROW(train(stopped, data(), settings(), control), Error);
  control.report = nullptr;
  control.resume = true;
  std::int64_t from = -1;
  control.resumed = [&](std::int64_t step) { from = step; };
  const TrainOutcome outcome = train(resumed, data(), settings(), control);
  EXPECT_EQ(from, 4);
  EXPECT_EQ(values(outcome), values(expected));
  EXPECT_EQ(outcome.curve.points.size(), expected.curve.points.size());
  EXPECT_EQ(outcome.curve.points.back().train_loss, expected.curve.points.back().train_loss);
}

TEST(Trainer, DoesNotResumeWithOtherSettings) {
  const TemporaryFolder folder;
  Network net = network();
  TrainControl control{.checkpoint = folder.path() / "checkpoint.safetensors"};
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

TEST(Checkpoint, ADamagedFileIsAnErrorThatSaysWhatToDo) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "checkpoint.safetensors";
  EXPECT_FALSE(read_checkpoint_file(path).has_value());
  write_file(path, std::string_view("not a checkpoint"));
  EXPECT_THROW(read_checkpoint_file(path), Error);
}

}  // namespace
}  // namespace graft
