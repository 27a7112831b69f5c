// The files are written by h5py: tools/record_checkpoint_golden.py.
#include "zoo/keras.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"

namespace graft {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::filesystem::path file(const std::string& name) {
  return std::filesystem::path(GRAFT_TESTDATA) / name;
}

std::string refusal(const std::string& name) {
  try {
    read_keras(file(name));
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Keras, TurnsKernelsIntoPyTorchsLayout) {
  const Weights weights = read_keras(file("small.h5")).weights;
  // [height 2, width 1, in 3, out 2] of 0, 1, 2, ...
  const Tensor& kernel = weights.at("features.0.0.weight");
  EXPECT_THAT(kernel.shape, ElementsAre(2, 3, 2, 1));
  EXPECT_THAT(floats(kernel), ElementsAre(0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11));
  // [height 1, width 2, channels 2, 1]
  const Tensor& depthwise = weights.at("features.1.conv.0.0.weight");
  EXPECT_THAT(depthwise.shape, ElementsAre(2, 1, 1, 2));
  EXPECT_THAT(floats(depthwise), ElementsAre(0, 2, 1, 3));
  EXPECT_THAT(floats(weights.at("head.hidden.weight")), ElementsAre(0, 3, 1, 4, 2, 5));
}

TEST(Keras, GivesTorchvisionsNames) {
  const KerasModel model = read_keras(file("small.h5"));
  std::vector<std::string> names;
  for (const auto& [name, tensor] : model.weights) names.push_back(name);
  EXPECT_THAT(names,
              testing::UnorderedElementsAre("features.0.0.weight", "features.0.1.weight", "features.0.1.running_var",
                                            "features.1.conv.0.0.weight", "features.4.conv.2.weight",
                                            "features.17.conv.1.1.bias", "features.18.0.weight", "head.hidden.weight",
                                            "head.hidden.bias", "head.output.weight", "head.output.bias"));
  EXPECT_EQ(model.input_size, 96);
  EXPECT_THAT(floats(model.weights.at("features.17.conv.1.1.bias")), ElementsAre(0, 1, 2));
}

TEST(Keras, ADenseLayerWithoutBiasHasZeros) {
  EXPECT_THAT(floats(read_keras(file("small.h5")).weights.at("head.output.bias")), ElementsAre(0, 0));
}

TEST(Keras, ReadsAFileOfWeightsOnly) {
  const KerasModel model = read_keras(file("weights_only.h5"));
  EXPECT_TRUE(model.weights.contains("features.0.0.weight"));
  EXPECT_EQ(model.input_size, 0);
}

TEST(Keras, RefusesLayersItDoesNotKnow) {
  EXPECT_THAT(refusal("bad_layer.h5"), HasSubstr("dense_7/kernel:0 belongs to no layer"));
  EXPECT_THAT(refusal("bad_class.h5"), HasSubstr("the layer rescaling is a Rescaling"));
  EXPECT_THAT(refusal("bad_epsilon.h5"), HasSubstr("epsilon 1e-05"));
  EXPECT_THAT(refusal("bad_activation.h5"), HasSubstr("the activation sigmoid"));
  EXPECT_THAT(refusal("bad_config.h5"), HasSubstr("\"config\" is missing"));
}

TEST(Keras, RefusesWhatLeadsOutOfTheFile) {
  EXPECT_THAT(refusal("bad_link.h5"), HasSubstr("Conv2 is a link"));
  EXPECT_THAT(refusal("bad_external.h5"), HasSubstr("values in another file"));
}

TEST(Keras, RefusesCirclesAndClaims) {
  EXPECT_THAT(refusal("bad_circle.h5"), HasSubstr("nested deeper"));
  EXPECT_THAT(refusal("bad_claim.h5"), HasSubstr("too large"));
  EXPECT_THAT(refusal("bad_integers.h5"), HasSubstr("does not hold floating numbers"));
}

// Throws an Error or reads; what it must not do is crash.
void read_damaged(const std::filesystem::path& path, ByteView bytes) {
  write_file(path, bytes);
  try {
    read_keras(path);
  } catch (const Error&) {
  }
}

TEST(Keras, SurvivesTruncationsAndChangedBytes) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "damaged.h5";
  Bytes whole = read_file(file("small.h5"));
  for (std::size_t size = 0; size < whole.size(); size += 401) read_damaged(path, ByteView(whole).first(size));
  for (std::size_t i = 0; i < whole.size(); i += 97) {
    const std::byte before = whole[i];
    whole[i] = ~before;
    read_damaged(path, whole);
    whole[i] = before;
  }
}

}  // namespace
}  // namespace graft
