#include "learn/precision_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "graph/builder.h"
#include "graph/surgery.h"
#include "zoo/architecture.h"

namespace graft {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

PrecisionCheck check_with(Precision precision, double agreement) {
  return {precision, 1000, agreement, 0.9, 0.9};
}

std::vector<Precision> available() {
  std::vector<Precision> out;
  for (const Precision precision : {Precision::int8, Precision::bf16, Precision::fp32}) {
    if (is_available(precision)) out.push_back(precision);
  }
  return out;
}

TEST(PrecisionSearch, TakesTheFirstThatPasses) {
  std::vector<Precision> tried;
  const PrecisionChoice choice = search_precision({}, [&](Precision precision) {
    tried.push_back(precision);
    return check_with(precision, 1);
  });
  EXPECT_THAT(tried, ElementsAre(available().front()));
  EXPECT_EQ(choice.precision, available().front());
}

TEST(PrecisionSearch, EndsWithFp32AndKeepsEveryCheck) {
  std::vector<Precision> tried;
  const PrecisionChoice choice = search_precision({}, [&](Precision precision) {
    tried.push_back(precision);
    return check_with(precision, 0.98);
  });
  EXPECT_EQ(tried, available());
  EXPECT_EQ(choice.precision, Precision::fp32);
  EXPECT_EQ(choice.checks.size(), available().size() - 1);
}

TEST(PrecisionSearch, PassesOverWhatPlansCannotComputeUnlessItIsAskedFor) {
  const auto attempt = [](Precision precision) {
    if (precision != Precision::fp32) throw Error(Kind::invalid, kUnsupportedByPlan, "no plan");
    return check_with(precision, 1);
  };
  const PrecisionChoice choice = search_precision({}, attempt);
  EXPECT_EQ(choice.precision, Precision::fp32);
  EXPECT_TRUE(choice.checks.empty());
  EXPECT_THROW(search_precision(Precision::bf16, attempt), Error);
  EXPECT_THROW(search_precision({}, [](Precision) -> PrecisionCheck { fail(Kind::invalid, "damaged"); }), Error);
}

TEST(PrecisionSearch, RefusesWhatIsAskedForWithTheNumbers) {
  try {
    search_precision(Precision::int8, [](Precision precision) { return check_with(precision, 0.98); });
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("--precision int8 is refused"));
    EXPECT_THAT(error.what(), HasSubstr("98.00 % of 1000 images"));
    EXPECT_THAT(error.what(), HasSubstr("99.5 %"));
  }
}

TEST(PrecisionSearch, SpreadsItsImagesEvenly) {
  EXPECT_THAT(spread(3, 5), ElementsAre(0, 1, 2));
  EXPECT_THAT(spread(10, 5), ElementsAre(0, 2, 4, 6, 8));
  EXPECT_TRUE(spread(0, 5).empty());
}

TEST(PrecisionSearch, ComparesLabelsAndTruth) {
  const Answers fp32{2, {0, 0, 1, 1}, {2, 1, 2, 1, 1, 2, 2, 1}}, other{2, {0, 0, 1, 1}, {2, 1, 1, 2, 1, 2, 2, 1}};
  const PrecisionCheck check = compare(Precision::bf16, other, fp32);
  EXPECT_EQ(check, (PrecisionCheck{Precision::bf16, 4, 0.75, 0.5, 0.75}));
}

// Grey pictures, one shade each; three labels, of which the last has one.
class Shades : public Dataset {
 public:
  std::size_t size() const override { return 121; }
  Sample get(std::size_t i) const override {
    return {name(i), label(i), encode_png({8, 8, std::vector<std::uint8_t>(192, static_cast<std::uint8_t>(2 * i))})};
  }
  std::string name(std::size_t i) const override { return std::to_string(i); }
  int label(std::size_t i) const override { return i == 120 ? 2 : static_cast<int>(i % 2); }
  const std::vector<std::string>& labels() const override { return labels_; }

 private:
  std::vector<std::string> labels_{"even", "odd", "lonely"};
};

Part shades() {
  Part part{std::make_shared<Shades>(), {}};
  for (std::size_t i = 0; i < part.dataset->size(); ++i) part.contents.push_back(sha256(part.dataset->get(i).content));
  return part;
}

Bundle small_network() {
  GraphBuilder builder("small", Input{3, 8, 8});
  builder.begin_block("stem");
  NodeId x = builder.add("first", Conv2d{.out_channels = 4}, {builder.input()});
  x = builder.add("second", Conv2d{.out_channels = 4}, {x});
  x = builder.features("pool", x);
  Bundle bundle;
  bundle.graph = replace_head(builder.finish(x), {.labels = 3, .hidden = 5, .root = true});
  bundle.weights = initial_weights(bundle.graph, 1);
  bundle.preprocess = {.width = 8, .height = 8};
  bundle.labels = {"a", "b", "c"};
  return bundle;
}

Backbone backbone_of(const Bundle& bundle) {
  return {backbone(bundle.graph), bundle.weights, bundle.preprocess};
}

TEST(PrecisionSearch, CalibratesOnTheSameImagesWhateverTheirOrder) {
  const Backbone network = backbone_of(small_network());
  const Part part = shades();
  std::vector<std::size_t> backwards;
  for (std::size_t i = part.dataset->size(); i-- > 0;) backwards.push_back(i);
  const ActivationRanges ranges = calibrate(network, part, 1);
  EXPECT_TRUE(ranges.contains("first"));
  EXPECT_EQ(ranges, calibrate(network, part, 1));
  EXPECT_EQ(ranges, calibrate(network, select(part, backwards), 1));
}

TEST(PrecisionSearch, TheHeadAnswersAsTheWholeNetworkDoes) {
  Bundle bundle = small_network();
  const Part part = shades();
  for (const Precision precision : available()) {
    Backbone trunk = backbone_of(bundle);
    bundle.activation_ranges = calibrate(trunk, part, 1);
    trunk.ranges = bundle.activation_ranges;
    trunk.precision = precision;
    const FeatureSet features = FeatureExtractor(trunk, "").extract(part.dataset, part.contents, {}, "features");
    bundle.activation_ranges.merge(calibrate_head(bundle.graph, bundle.weights, features));
    const Answers answers = answer_features(bundle, precision, features);
    FeatureExtractor whole({bundle.graph, bundle.weights, bundle.preprocess, precision, bundle.activation_ranges}, "");
    const FeatureSet expected = whole.extract(part.dataset, part.contents, {}, "logits");
    for (std::size_t i = 0; i < answers.logits.size(); ++i) {
      ASSERT_NEAR(answers.logits[i], expected.features.data_ptr<float>()[i], 1e-5) << name_of(precision);
    }
  }
}

}  // namespace
}  // namespace graft
