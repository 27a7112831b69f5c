#include "zoo/import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "graph/safetensors.h"
#include "graph/surgery.h"
#include "zoo/architecture.h"
#include "zoo/checkpoint.h"
#include "zoo/timm.h"

namespace graft {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

// Weights of the right shapes, and half the bytes.
Weights zeros(const Graph& graph) {
  Weights weights;
  for (const WeightSpec& spec : weight_specs(graph)) {
    const auto owner = std::make_shared<const Bytes>(static_cast<std::size_t>(count(spec.shape)) * 2);
    weights[spec.name] = {DType::f16, spec.shape, *owner, owner};
  }
  return weights;
}

class Import : public testing::Test {
 protected:
  fs::path save(const Weights& weights) const {
    const fs::path path = folder_.path() / "weights";
    write_safetensors(path, weights);
    return path;
  }
  fs::path save(const Graph& graph) const { return save(zeros(graph)); }

  std::string refusal(const fs::path& path, const ImportOptions& options = {}) const {
    try {
      import_model(path, options);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  const TemporaryFolder folder_;
};

TEST_F(Import, FindsTheArchitectureAndItsLabels) {
  for (const char* name : {"resnet10_025", "resnet10_030", "resnet10_100", "resnet18", "resnet34", "resnet50",
                           "mobilenetv2_035", "mobilenetv2_110"}) {
    const Bundle bundle = import_model(save(build(name, 3)));
    EXPECT_EQ(bundle.graph, build(name, 3));
    EXPECT_THAT(bundle.labels, ElementsAre("0", "1", "2"));
    Preprocess published = published_preprocess(name);
    EXPECT_EQ(bundle.preprocess, published);
  }
}

TEST_F(Import, TakesInceptionWithAndWithoutItsAuxiliaryHead) {
  Weights weights = zeros(build("inception_v3", 2));
  EXPECT_TRUE(import_model(save(weights)).graph.auxiliary_output.has_value());
  std::erase_if(weights, [](const auto& item) { return item.first.starts_with("AuxLogits."); });
  EXPECT_FALSE(import_model(save(weights)).graph.auxiliary_output.has_value());
}

TEST_F(Import, TakesABackboneWithoutClassifierAndAHeadOfGrafts) {
  const Graph resnet = build("resnet10_050", 2);
  EXPECT_EQ(import_model(save(backbone(resnet))).graph, backbone(resnet));
  const Graph headed = replace_head(resnet, {.labels = 4, .hidden = 7});
  EXPECT_EQ(import_model(save(headed)).graph, headed);
}

TEST_F(Import, NamesTheFirstWeightThatDoesNotFit) {
  Weights weights = zeros(build("resnet18", 2));
  weights["layer2.0.conv1.weight"] = make_tensor({1, 2}, std::vector<float>(2));
  EXPECT_THAT(refusal(save(weights)), AllOf(HasSubstr("resnet18"), HasSubstr("layer2.0.conv1.weight"),
                                            HasSubstr("[1, 2]"), HasSubstr("[128, 64, 3, 3]")));
}

// As ResNet-101 would be one, with the same names and shapes and more of them.
TEST_F(Import, RefusesADeeperNetworkOfTheSameFamily) {
  Weights weights = zeros(build("resnet18", 2));
  for (const auto& [name, tensor] : zeros(build("resnet18", 2))) {
    if (name.starts_with("layer3.1.")) weights["layer3.2." + name.substr(9)] = tensor;
  }
  EXPECT_THAT(refusal(save(weights)), AllOf(HasSubstr("layer3.2.bn1.bias"), HasSubstr("10 weights are left over")));
}

TEST_F(Import, RefusesWeightsOfAnotherArchitectureThanAsked) {
  EXPECT_THAT(refusal(save(build("resnet10_025", 2)), {.architecture = "resnet50"}),
              AllOf(HasSubstr("not the weights of resnet50"), HasSubstr("is expected")));
  EXPECT_THAT(refusal(save(build("resnet10_025", 2)), {.architecture = "mobilenetv2_100"}),
              HasSubstr("features.0.0.weight [32, 3, 3, 3] is missing"));
  EXPECT_THAT(refusal(save(build("resnet10_025", 2)), {.architecture = "vgg"}), HasSubstr("no architecture vgg"));
}

TEST_F(Import, RefusesNetworksItDoesNotKnow) {
  const Weights weights = {{"encoder.weight", make_tensor({1}, std::vector<float>{1})}};
  EXPECT_THAT(refusal(save(weights)), AllOf(HasSubstr("encoder.weight"), HasSubstr("resnet18")));
}

TEST_F(Import, RefusesFilesThatAreNoWeights) {
  write_file(folder_.path() / "a.pth", "just text, whatever the name says");
  EXPECT_THAT(refusal(folder_.path() / "a.pth"), HasSubstr("none of the formats"));
  write_file(folder_.path() / "empty", "");
  EXPECT_THAT(refusal(folder_.path() / "empty"), HasSubstr("none of the formats"));
  EXPECT_THAT(refusal(folder_.path()), HasSubstr("a folder"));
  EXPECT_NE(refusal(folder_.path() / "missing.pth"), "");
}

TEST_F(Import, ReadsLabelsBesideTheFile) {
  write_file(folder_.path() / "labels.txt", "0 Cat\r\n1 Great 1 Dane\n\nBird\n");
  const fs::path path = save(build("resnet10_025", 3));
  EXPECT_THAT(import_model(path).labels, ElementsAre("Cat", "Great 1 Dane", "Bird"));
  write_file(folder_.path() / "labels.txt", "Cat\n");
  EXPECT_THAT(refusal(path), HasSubstr("1 labels for a model of 3"));
}

// torchvision's name of a weight as timm calls it, for the blocks of MobileNetV2: (stage, block) of features.N.
std::string timm_name(const std::string& name) {
  static const std::pair<int, int> kBlocks[] = {{0, 0}, {1, 0}, {1, 1}, {2, 0}, {2, 1}, {2, 2}, {3, 0}, {3, 1}, {3, 2},
                                                {3, 3}, {4, 0}, {4, 1}, {4, 2}, {5, 0}, {5, 1}, {5, 2}, {6, 0}};
  static const std::map<std::string, std::string> kEnds = {{"features.0.0", "conv_stem"},
                                                           {"features.0.1", "bn1"},
                                                           {"features.18.0", "conv_head"},
                                                           {"features.18.1", "bn2"},
                                                           {"classifier.1", "classifier"}};
  static const std::map<std::string, std::string> kFirst = {
      {"0.0", "conv_dw"}, {"0.1", "bn1"}, {"1", "conv_pw"}, {"2", "bn2"}};
  static const std::map<std::string, std::string> kOthers = {{"0.0", "conv_pw"}, {"0.1", "bn1"},    {"1.0", "conv_dw"},
                                                             {"1.1", "bn2"},     {"2", "conv_pwl"}, {"3", "bn3"}};
  const auto last = name.rfind('.');
  const std::string module = name.substr(0, last);
  if (const auto end = kEnds.find(module); end != kEnds.end()) return end->second + name.substr(last);
  const auto conv = module.find(".conv.");
  const int index = std::stoi(module.substr(9));
  const auto [stage, block] = kBlocks[index - 1];
  const auto& layers = stage == 0 ? kFirst : kOthers;
  return text("blocks.", stage, ".", block, ".", layers.at(module.substr(conv + 6)), name.substr(last));
}

TEST_F(Import, TakesTimmsMobileNet) {
  const Weights ours = initial_weights(build("mobilenetv2_050", 5), 1);
  Weights theirs;
  for (const auto& [name, tensor] : ours) theirs[timm_name(name)] = tensor;
  const Bundle bundle = import_model(save(theirs));
  EXPECT_EQ(bundle.graph.architecture, "mobilenetv2_050");
  ASSERT_EQ(bundle.weights.size(), ours.size());
  for (const auto& [name, tensor] : ours) {
    EXPECT_EQ(as_text(bundle.weights.at(name).bytes), as_text(tensor.bytes)) << name;
  }
}

TEST_F(Import, TakesTheModelOfTeachableMachine) {
  const fs::path file = fs::path(GRAFT_HUB) / "keras-mobilenetv2-035" / "keras_model.h5";
  if (!fs::exists(file)) GTEST_SKIP() << "needs the data hub";
  const Bundle bundle = import_model(file);
  EXPECT_EQ(bundle.graph, replace_head(build("tf_mobilenetv2_035", 1), {.labels = 2, .hidden = 100}));
  EXPECT_THAT(bundle.labels, ElementsAre("Cat", "Nutrias"));
  EXPECT_EQ(bundle.preprocess, published_preprocess("tf_mobilenetv2_035"));
  EXPECT_EQ(bundle.provenance["imported"]["file"], "keras_model.h5");
  write_bundle(folder_.path() / "bundle", bundle);
  EXPECT_EQ(read_bundle(folder_.path() / "bundle").graph, bundle.graph);
}

}  // namespace
}  // namespace graft
