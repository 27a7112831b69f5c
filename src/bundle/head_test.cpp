#include "bundle/head.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/random.h"
#include "graph/builder.h"
#include "graph/safetensors.h"
#include "graph/surgery.h"

namespace graft {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Tensor numbered(Shape shape, float first) {
  std::vector<float> values(static_cast<std::size_t>(count(shape)));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = first + 0.25F * static_cast<float>(i);
  return make_tensor(std::move(shape), values);
}

// Features of length 2 from pictures of 8 x 8, and a head as `spec` says.
Bundle bundle_with(HeadSpec spec) {
  GraphBuilder builder("small", Input{3, 8, 8});
  builder.begin_block("stem");
  const NodeId x = builder.features("pool", builder.add("conv", Conv2d{.out_channels = 2}, {builder.input()}));
  builder.begin_block("head");
  Bundle bundle;
  spec.labels = 3;
  bundle.graph = replace_head(builder.finish(builder.add("fc", Linear{7}, {x})), spec);
  for (const WeightSpec& weight : weight_specs(bundle.graph)) {
    bundle.weights[weight.name] = numbered(weight.shape, weight.name == "head.hidden.weight" ? -1.0F : 0.125F);
  }
  bundle.labels = {"ants", "bees", "c\u00e8pes"};
  bundle.preprocess = {.width = 8, .height = 8};
  bundle.temperature = 1.5;
  return bundle;
}

const Bundle& linear_bundle() {
  static const Bundle bundle = bundle_with({});
  return bundle;
}

std::string refusal(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Head, IsWhatStandsBehindTheFeatures) {
  const Head head = head_of(linear_bundle());
  ASSERT_EQ(head.layers.size(), 1u);
  EXPECT_THAT(head.layers[0].weight, ElementsAre(0.125, 0.375, 0.625, 0.875, 1.125, 1.375));
  EXPECT_THAT(head.layers[0].bias, ElementsAre(0.125, 0.375, 0.625));
  EXPECT_THAT(head.labels, ElementsAre("ants", "bees", "c\u00e8pes"));
  EXPECT_EQ(head.temperature, 1.5);
  EXPECT_FALSE(head.root);
}

TEST(Head, MayHaveAHiddenLayerARootAndDropout) {
  const Head head = head_of(bundle_with({.hidden = 5, .root = true, .dropout = 0.5}));
  ASSERT_EQ(head.layers.size(), 2u);
  EXPECT_EQ(head.layers[0].outputs, 5);
  EXPECT_EQ(head.layers[1].inputs, 5);
  EXPECT_TRUE(head.root);
}

TEST(Head, WithoutABiasHasOneOfZeros) {
  Bundle bundle = linear_bundle();
  std::get<Linear>(bundle.graph.nodes.back().operation).bias = false;
  EXPECT_THAT(head_of(bundle).layers[0].bias, ElementsAre(0, 0, 0));
}

TEST(Head, OfAnotherFormIsRefused) {
  const auto refusal_behind = [](const std::vector<Operation>& operations) {
    Bundle bundle = linear_bundle();
    for (const Operation& operation : operations) {
      const auto last = static_cast<NodeId>(bundle.graph.nodes.size()) - 1;
      bundle.graph.nodes.push_back({text("more", last), operation, {last}, "head"});
      bundle.graph.output = last + 1;
      bundle.weights[text("more", last, ".weight")] = numbered({3, 3}, 0);
      bundle.weights[text("more", last, ".bias")] = numbered({3}, 0);
    }
    return refusal([&] { head_of(bundle); });
  };
  const Activation relu{}, relu6{Activation::Function::relu6};
  EXPECT_EQ(refusal_behind({relu, Linear{3}}), "");
  EXPECT_THAT(refusal_behind({relu}), HasSubstr("cannot stand alone because of more"));
  EXPECT_THAT(refusal_behind({Linear{3}}), HasSubstr("(linear)"));
  EXPECT_THAT(refusal_behind({relu6, Linear{3}}), HasSubstr("(activation)"));
  EXPECT_THAT(refusal_behind({relu, Linear{3}, relu, Linear{3}}), HasSubstr("one linear layer, or two"));
  Bundle trunk = linear_bundle();
  trunk.graph = backbone(trunk.graph);
  trunk.labels.clear();
  EXPECT_THAT(refusal([&] { head_of(trunk); }), HasSubstr("a backbone has no head"));
}

TEST(Head, AnswersWithCalibratedProbabilities) {
  Head head = head_of(linear_bundle());
  head.layers[0].weight = {1, 0, 0, 1, 1, 1};
  head.layers[0].bias = {0, 0, 3};
  const std::vector<float> features = {4, -9};  // logits 4, -9, -2
  std::vector<float> output(3);
  answer(head, features, output);
  const double sum = std::exp(4 / 1.5) + std::exp(-9 / 1.5) + std::exp(-2 / 1.5);
  EXPECT_NEAR(output[0], std::exp(4 / 1.5) / sum, 1e-6);
  EXPECT_NEAR(output[1], std::exp(-9 / 1.5) / sum, 1e-6);
  head.root = true;  // logits 2, 0, 5
  answer(head, features, output);
  EXPECT_NEAR(output[1], 1 / (std::exp(2 / 1.5) + 1 + std::exp(5 / 1.5)), 1e-6);
}

// Of every length around those that are computed in one step.
TEST(Head, SumsAllFeatures) {
  for (std::int64_t length = 1; length < 70; ++length) {
    Head head{.labels = {"a", "b"}};
    head.layers = {{.inputs = length, .outputs = 2, .bias = {0.5, 0}}};
    head.layers[0].weight.resize(static_cast<std::size_t>(2 * length));
    std::vector<float> features(static_cast<std::size_t>(length)), output(2);
    Random random(Key{static_cast<std::uint64_t>(length)});
    double difference = 0.5;
    for (std::size_t i = 0; i < features.size(); ++i) {
      features[i] = static_cast<float>(random.normal());
      head.layers[0].weight[i] = static_cast<float>(random.normal());
      difference += static_cast<double>(features[i]) * head.layers[0].weight[i];
    }
    answer(head, features, output);
    EXPECT_NEAR(output[0], 1 / (1 + std::exp(-difference)), 1e-5) << length;
  }
}

TEST(Head, RefusesFeaturesThatAreNotItsOwn) {
  const Head head = head_of(linear_bundle());
  std::vector<float> output(3);
  EXPECT_THAT(refusal([&] { answer(head, std::vector<float>(3), output); }), HasSubstr("2 features cannot read 3"));
  EXPECT_THAT(refusal([&] { answer(head, std::vector<float>{1, NAN}, output); }), HasSubstr("not a number"));
}

TEST(Head, TellsItsBackboneFromOthers) {
  const std::string digest = head_of(linear_bundle()).backbone;
  EXPECT_EQ(backbone_digest(bundle_with({.hidden = 4, .root = true})), digest);
  Bundle alone = linear_bundle();
  alone.graph = backbone(alone.graph);
  EXPECT_EQ(backbone_digest(alone), digest);
  Bundle other = linear_bundle();
  other.weights["conv.weight"] = numbered({2, 3, 1, 1}, 0.1F);
  EXPECT_NE(backbone_digest(other), digest);
  other = linear_bundle();
  other.preprocess.mean[1] += 0.01F;
  EXPECT_NE(backbone_digest(other), digest);
  other = linear_bundle();
  other.graph = with_input_size(other.graph, 9, 8);
  EXPECT_NE(backbone_digest(other), digest);
}

TEST(Head, HasTheSameBackboneHoweverItsValuesAreStored) {
  Bundle half = linear_bundle();
  half.weights["conv.weight"] = convert(half.weights["conv.weight"], DType::f16);  // they are multiples of 1/8
  EXPECT_EQ(backbone_digest(half), backbone_digest(linear_bundle()));
}

TEST(Head, IsNoLargerThanItsNumbersAndLabels) {
  const Head head = head_of(linear_bundle());
  EXPECT_GE(head.bytes(), (6 + 3) * sizeof(float));
  EXPECT_LE(head.bytes(), (6 + 3) * sizeof(float) + 500);
}

class HeadFile : public testing::Test {
 protected:
  HeadFile() { write_head(path_, head_); }

  // What is said of the file when these tensors and notes are in the place of the right ones.
  std::string refusal_with(const Weights& weights, const std::map<std::string, std::string>& metadata = {}) const {
    Safetensors content = read_safetensors(path_);
    for (const auto& [name, tensor] : weights) content.weights[name] = tensor;
    for (const auto& [name, note] : metadata) content.metadata[name] = note;
    const std::string bytes = encode_safetensors(content.weights, content.metadata);
    return refusal([&] { parse_head(as_bytes(bytes), "x"); });
  }
  std::string refusal_with(const char* note, const std::string& value) const {
    return refusal_with(Weights{}, {{note, value}});
  }

  const TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_.path() / kHeadFile;
  const Head head_ = head_of(bundle_with({.hidden = 5, .root = true}));
};

TEST_F(HeadFile, ReadsWhatItWrites) {
  EXPECT_EQ(read_head(path_), head_);
  write_head(path_, head_of(linear_bundle()));
  EXPECT_EQ(read_head(path_), head_of(linear_bundle()));
}

TEST_F(HeadFile, CutAnywhereIsRefused) {
  const std::string content = read_text(path_);
  for (std::size_t size = 0; size < content.size(); ++size) {
    const std::string damaged = content.substr(0, size);
    EXPECT_THAT(refusal([&] { parse_head(as_bytes(damaged), "x"); }), testing::StartsWith("x: ")) << size;
  }
}

TEST_F(HeadFile, NotesThatAreMissingOrWrongAreRefused) {
  EXPECT_THAT(refusal_with("graft_head", "2"), HasSubstr("another format"));
  EXPECT_THAT(refusal_with("backbone", "abc"), HasSubstr("digest"));
  EXPECT_THAT(refusal_with("backbone", std::string(64, 'x')), HasSubstr("digest"));
  EXPECT_THAT(refusal_with("root", "maybe"), HasSubstr("root is maybe"));
  EXPECT_THAT(refusal_with("temperature", "0"), HasSubstr("not a positive number"));
  EXPECT_THAT(refusal_with("temperature", "warm"), HasSubstr("temperature"));
  EXPECT_THAT(refusal_with("labels", "[\"a\", \"b\"]"), HasSubstr("2 labels for 3 outputs"));
  EXPECT_THAT(refusal_with("labels", "[\"a\", \"b\", \"a\"]"), HasSubstr("the label a comes twice"));
  EXPECT_THAT(refusal_with("labels", "[\"a\", \"b\", 3]"), HasSubstr("not text"));
  EXPECT_THAT(refusal_with("labels", "{}"), HasSubstr("not a list"));
  const Safetensors content = read_safetensors(path_);
  const std::string bare = encode_safetensors(content.weights);
  EXPECT_THAT(refusal([&] { parse_head(as_bytes(bare), "x"); }), HasSubstr("not a head: its metadata has no"));
}

TEST_F(HeadFile, WeightsThatDoNotFitAreRefused) {
  EXPECT_THAT(refusal_with({{"head.output.weight", numbered({3, 4}, 0)}}), HasSubstr("5 units, and its last"));
  EXPECT_THAT(refusal_with({{"head.output.bias", numbered({4}, 0)}}), HasSubstr("3 outputs and 4 biases"));
  EXPECT_THAT(refusal_with({{"head.output.weight", numbered({15}, 0)}}), HasSubstr("not 2 sizes above 0"));
  EXPECT_THAT(refusal_with({{"head.output.weight", numbered({3, 0}, 0)}}), HasSubstr("not 2 sizes above 0"));
  EXPECT_THAT(refusal_with({{"conv.weight", numbered({1}, 0)}}), HasSubstr("it also has conv.weight"));
  EXPECT_THAT(refusal_with({{"head.output.bias", numbered({3}, NAN)}}), HasSubstr("not a number"));
}

TEST_F(HeadFile, ATooLongHeaderIsRefusedBeforeItIsRead) {
  std::string content = read_text(path_);
  content[3] = 1;  // 16 MiB
  EXPECT_THAT(refusal([&] { parse_head(as_bytes(content), "x"); }), HasSubstr("its header is longer"));
}

TEST_F(HeadFile, IsCheckedBeforeItIsWritten) {
  Head head = head_;
  head.labels[0] = "\xff";
  EXPECT_THAT(refusal([&] { write_head(folder_.path() / "other", head); }), HasSubstr("UTF-8"));
  head.labels.pop_back();
  EXPECT_THAT(refusal([&] { write_head(folder_.path() / "other", head); }), HasSubstr("2 labels for 3 outputs"));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "other"));
}

}  // namespace
}  // namespace graft
