#include "infer/predictor.h"

#include <gmock/gmock.h>

#include <cmath>

#include "base/error.h"
#include "infer/naive.h"

namespace graft {
namespace {

// A network that looks at the mean colour of a picture: its logits are 8 * (red, green, blue).
Bundle colours() {
  TinyGraph tiny({3, 4, 6});
  const NodeId pooled = tiny.add("pool", GlobalAveragePool{}, {0});
  const NodeId flat = tiny.add("flatten", Flatten{}, {pooled});
  Bundle bundle;
  bundle.graph = tiny.finish(tiny.add("fc", Linear{.out_features = 3}, {flat}));
  bundle.weights = {{"fc.weight", make_tensor({3, 3}, std::vector<float>{8, 0, 0, 0, 8, 0, 0, 0, 8})},
                    {"fc.bias", make_tensor({3}, std::vector<float>{0, 0, 0})}};
  bundle.labels = {"red", "green", "blue"};
  bundle.preprocess = {.width = 6, .height = 4, .mean = {0, 0, 0}, .std = {1, 1, 1}};
  bundle.temperature = 2;
  return bundle;
}

Bytes painted(std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
  Image image{30, 20, {}};
  for (int i = 0; i < 30 * 20; ++i) image.pixels.insert(image.pixels.end(), {red, green, blue});
  return encode_png(image);
}

std::string refusal(Bundle bundle) {
  try {
    const Predictor predictor(std::move(bundle));
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(Predictor, GivesTheLikeliestLabelsFirst) {
  const Predictor predictor(colours(), 1);
  const std::vector<Prediction> best = predictor.predict(painted(0, 51, 255), 2);
  ASSERT_EQ(best.size(), 2u);
  EXPECT_EQ(best[0].label, "blue");
  EXPECT_EQ(best[1].label, "green");
  const double sum = std::exp(0.0) + std::exp(0.2 * 4) + std::exp(4.0);  // logits are 8 * colour, temperature 2
  EXPECT_NEAR(best[0].probability, std::exp(4.0) / sum, 1e-5);
  EXPECT_NEAR(best[1].probability, std::exp(0.8) / sum, 1e-5);
}

TEST(Predictor, GivesNoMoreThanThereAre) {
  EXPECT_EQ(Predictor(colours(), 1).predict(painted(9, 9, 9), 50).size(), 3u);
  EXPECT_THROW(Predictor(colours(), 1).predict(painted(9, 9, 9), 0), Error);
}

TEST(Predictor, ProbabilitiesOfABatchSumToOneEach) {
  const Predictor predictor(colours(), 1);
  const std::vector<float> input = random_input(predictor.bundle().graph, 5, 1);
  std::vector<float> output(15);
  predictor.probabilities(input, 5, output);
  for (std::size_t i = 0; i < 15; i += 3) EXPECT_NEAR(output[i] + output[i + 1] + output[i + 2], 1, 1e-6);
}

TEST(Predictor, WeightsThatAreNoNumbersAreNoticed) {
  Bundle bundle = colours();
  bundle.weights["fc.bias"] = make_tensor({3}, std::vector<float>{0, NAN, 0});
  EXPECT_THROW(Predictor(std::move(bundle), 1).predict(painted(9, 9, 9), 1), Error);
}

TEST(Predictor, WhatIsNoPictureIsRefused) {
  EXPECT_THROW(Predictor(colours(), 1).predict(as_bytes("a text file"), 1), Error);
}

TEST(Predictor, ABundleWhosePartsDoNotFitIsRefused) {
  Bundle backbone = colours(), other_size = colours(), other_labels = colours(), cold = colours();
  backbone.labels.clear();
  other_size.preprocess.width = 7;
  other_labels.labels.push_back("grey");
  cold.temperature = 0;
  EXPECT_THAT(refusal(backbone), testing::HasSubstr("backbone"));
  EXPECT_THAT(refusal(other_size), testing::HasSubstr("preprocessing makes 3 x 4 x 7"));
  EXPECT_THAT(refusal(other_labels), testing::HasSubstr("3 outputs for 4 labels"));
  EXPECT_THAT(refusal(cold), testing::HasSubstr("temperature"));
}

}  // namespace
}  // namespace graft
