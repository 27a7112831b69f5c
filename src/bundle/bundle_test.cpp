#include "bundle/bundle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "graph/builder.h"

namespace graft {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Bundle small_bundle() {
  GraphBuilder builder("small", Input{3, 8, 8});
  builder.begin_block("stem");
  NodeId x = builder.add("conv", Conv2d{.out_channels = 2}, {builder.input()});
  x = builder.features("pool", x);
  builder.begin_block("head");
  Bundle bundle;
  bundle.graph = builder.finish(builder.add("head.output", Linear{2}, {x}));
  bundle.weights = {{"conv.weight", make_tensor({2, 3, 1, 1}, std::vector<float>{1, 2, 3, 4, 5, 6})},
                    {"head.output.weight", make_tensor({2, 2}, std::vector<float>(4, 2))},
                    {"head.output.bias", make_tensor({2}, std::vector<float>{0, 0.5})}};
  bundle.labels = {"ants", "bees"};
  bundle.preprocess = {.width = 8, .height = 8};
  bundle.temperature = 1.5;
  bundle.precision = Precision::bf16;
  bundle.precision_checks = {{Precision::int8, 153, 0.9673, 0.9346, 0.9412}, {Precision::bf16, 153, 1, 0.9412, 0.9412}};
  bundle.activation_ranges = {{"conv", {-0.5, 6}}, {"input", {-2.125, 2.625}}};
  bundle.metrics = {{"validation_accuracy", 0.98}, {"images", 244}};
  bundle.provenance = {{"program", "graft 0.1.0"}, {"seed", 7}};
  return bundle;
}

class BundleFolder : public testing::Test {
 protected:
  BundleFolder() { write_bundle(path_, small_bundle()); }

  // Replaces `old` in one of the files.
  void edit(const char* name, const std::string& old, const std::string& replacement) const {
    std::string content = read_text(path_ / name);
    const std::size_t at = content.find(old);
    ASSERT_NE(at, std::string::npos) << content;
    write_file(path_ / name, content.replace(at, old.size(), replacement));
  }
  std::string refusal() const {
    try {
      read_bundle(path_);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  const TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_.path() / "models" / "bundle";
};

TEST_F(BundleFolder, ReadsWhatItWrites) {
  const Bundle written = small_bundle(), read = read_bundle(path_);
  EXPECT_EQ(read.graph, written.graph);
  EXPECT_EQ(read.labels, written.labels);
  EXPECT_EQ(read.preprocess, written.preprocess);
  EXPECT_EQ(read.temperature, 1.5);
  EXPECT_EQ(read.precision, Precision::bf16);
  EXPECT_EQ(read.precision_checks, written.precision_checks);
  EXPECT_EQ(read.activation_ranges, written.activation_ranges);
  EXPECT_EQ(read.metrics.dump(), written.metrics.dump());
  EXPECT_EQ(read.provenance, written.provenance);
  EXPECT_THAT(floats(read.weights.at("conv.weight")), ElementsAre(1, 2, 3, 4, 5, 6));
}

// docs/bundle_format.md shows this bundle.
TEST_F(BundleFolder, IsTheExampleOfTheDocumentation) {
  const auto root = std::filesystem::path(GRAFT_TESTDATA).parent_path().parent_path().parent_path();
  const std::string page = read_text(root / "docs" / "bundle_format.md");
  EXPECT_THAT(page, HasSubstr(read_text(path_ / "graft.json")));
  const std::string weights = read_text(path_ / "model.safetensors");
  EXPECT_THAT(page, HasSubstr(weights.substr(8, weights.rfind('}') - 7)));
  EXPECT_THAT(page, HasSubstr(text(weights.size(), " bytes")));
}

TEST_F(BundleFolder, CanBeWrittenOverWhileItIsRead) {
  Bundle bundle = read_bundle(path_);
  bundle.labels = {"b\u00e9\"es", "two"};
  write_bundle(path_, bundle);
  EXPECT_THAT(read_bundle(path_).labels, ElementsAre("b\u00e9\"es", "two"));
}

TEST_F(BundleFolder, IsOneOnlyWithItsDescription) {
  EXPECT_TRUE(is_bundle(path_));
  std::filesystem::remove(path_ / "graft.json");
  EXPECT_FALSE(is_bundle(path_));
  EXPECT_THAT(refusal(), HasSubstr("not a bundle"));
  EXPECT_FALSE(is_bundle(folder_.path() / "nowhere"));
}

TEST_F(BundleFolder, RefusesAFormatItDoesNotKnow) {
  edit("graft.json", "\"format\": 1", "\"format\": 2");
  EXPECT_THAT(refusal(), HasSubstr("the format 2"));
}

TEST_F(BundleFolder, RefusesLabelsThatAreNotTheGraphs) {
  edit("graft.json", "\"ants\",", "");
  EXPECT_THAT(refusal(), HasSubstr("1 labels for a graph of 2 outputs"));
}

TEST_F(BundleFolder, RefusesFieldsOfTheWrongType) {
  edit("graft.json", "\"temperature\": 1.5", "\"temperature\": \"warm\"");
  EXPECT_THAT(refusal(), HasSubstr("temperature"));
}

TEST_F(BundleFolder, RefusesATemperatureThatIsNotPositive) {
  edit("graft.json", "\"temperature\": 1.5", "\"temperature\": -1");
  EXPECT_THAT(refusal(), HasSubstr("not a positive number"));
}

TEST_F(BundleFolder, IsFp32WhereNothingIsSaidOfPrecision) {
  edit("graft.json", "\"precision\": \"bf16\"", "\"p\": 1");
  edit("graft.json", "\"precision_checks\"", "\"c\"");
  edit("graft.json", "\"activation_ranges\"", "\"r\"");
  const Bundle read = read_bundle(path_);
  EXPECT_EQ(read.precision, Precision::fp32);
  EXPECT_TRUE(read.precision_checks.empty() && read.activation_ranges.empty());
}

TEST_F(BundleFolder, RefusesAPrecisionThatItsChecksDoNotAllow) {
  edit("graft.json", "\"precision\": \"bf16\"", "\"precision\": \"int8\"");
  EXPECT_THAT(refusal(), HasSubstr("does not allow: int8 names the same label as fp32 on 96.73 % of 153 images and is "
                                   "right on 93.46 % where fp32 is on 94.12 %"));
  edit("graft.json", "\"agreement\": 0.9673,\n      \"accuracy\": 0.9346", "\"agreement\": 1, \"accuracy\": 1");
  EXPECT_EQ(refusal(), "");
  edit("graft.json", "\"activation_ranges\"", "\"r\"");
  EXPECT_THAT(refusal(), HasSubstr("no activation ranges"));
  edit("graft.json", "\"precision_checks\"", "\"c\"");
  EXPECT_THAT(refusal(), HasSubstr("never checked"));
}

TEST_F(BundleFolder, RefusesActivationRangesThatAreNone) {
  const std::string good = read_text(path_ / "graft.json");
  const std::string range = "-0.5,\n      6.0";
  const auto refused_with = [&](const std::string& other) {
    write_file(path_ / "graft.json", good);
    edit("graft.json", range, other);
    return refusal();
  };
  for (const char* other : {"0.5, 6", "-0.5, -0.1", "-1e300, 1", "1", "0, 1, 2", "null, null", "\"low\", \"high\""}) {
    EXPECT_THAT(refused_with(other), HasSubstr("the activation range of conv")) << other;
  }
  write_file(path_ / "graft.json", good);
  edit("graft.json", "\"conv\"", "\"cow\"");
  EXPECT_THAT(refusal(), HasSubstr("an activation range of cow"));
}

TEST_F(BundleFolder, RefusesPrecisionChecksThatAreNone) {
  const std::string good = read_text(path_ / "graft.json");
  const auto refused_with = [&](const std::string& old, const std::string& other) {
    write_file(path_ / "graft.json", good);
    edit("graft.json", old, other);
    return refusal();
  };
  EXPECT_THAT(refused_with("\"agreement\": 0.9673", "\"agreement\": 1.01"), HasSubstr("not in 0 .. 1"));
  EXPECT_THAT(refused_with("\"images\": 153", "\"images\": -1"), HasSubstr("-1 images"));
  EXPECT_THAT(refused_with("\"images\": 153", "\"images\": 1e300"), HasSubstr("images"));
  EXPECT_THAT(refused_with("\"precision\": \"int8\"", "\"precision\": \"bf16\""), HasSubstr("checked twice"));
  EXPECT_THAT(refused_with("\"precision\": \"int8\"", "\"precision\": \"fp8\""), HasSubstr("fp8 is no precision"));
  EXPECT_THAT(refused_with("\"precision_checks\": [", "\"precision_checks\": 7, \"c\": ["), HasSubstr("not a list"));
}

TEST_F(BundleFolder, RefusesPreprocessingOfAnotherSize) {
  edit("graft.json", "\"width\": 8", "\"width\": 9");
  EXPECT_THAT(refusal(), HasSubstr("9 x 8"));
}

TEST_F(BundleFolder, RefusesWeightsOfAnotherGraph) {
  edit("graph.json", "\"out_channels\": 2", "\"out_channels\": 3");
  EXPECT_THAT(refusal(), HasSubstr("conv.weight has the shape [2, 3, 1, 1] where [3, 3, 1, 1] is expected"));
}

TEST_F(BundleFolder, RefusesFilesThatAreMissingOrCut) {
  const std::string content = read_text(path_ / "model.safetensors");
  write_file(path_ / "model.safetensors", content.substr(0, content.size() - 1));
  EXPECT_THAT(refusal(), HasSubstr("truncated"));
  std::filesystem::remove(path_ / "model.safetensors");
  EXPECT_THAT(refusal(), HasSubstr("model.safetensors"));
}

TEST(Bundle, IsCheckedBeforeItIsWritten) {
  const TemporaryFolder folder;
  Bundle bundle = small_bundle();
  bundle.labels = {"ants", "ants"};
  EXPECT_THROW(write_bundle(folder.path() / "a", bundle), Error);
  bundle = small_bundle();
  bundle.labels[1] = "\xff";
  EXPECT_THROW(write_bundle(folder.path() / "a", bundle), Error);
  bundle = small_bundle();
  bundle.weights.erase("conv.weight");
  EXPECT_THROW(write_bundle(folder.path() / "a", bundle), Error);
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "a"));
}

TEST(Bundle, ABackboneHasNoLabels) {
  const TemporaryFolder folder;
  Bundle bundle = small_bundle();
  bundle.graph.output = bundle.graph.features;
  bundle.graph.nodes.pop_back();
  bundle.labels.clear();
  write_bundle(folder.path() / "a", bundle);
  EXPECT_TRUE(read_bundle(folder.path() / "a").labels.empty());
}

}  // namespace
}  // namespace graft
