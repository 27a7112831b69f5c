#include "learn/infer_comparison.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/json.h"
#include "base/progress.h"
#include "infer/plan.h"

namespace graft {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(InferComparison, TimesEveryPlanAndEveryFormOfLibtorch) {
  silence_progress();
  const OrderedJson result =
      compare_inference({.network = "resnet10_025", .batches = {1, 2}, .threads = 1, .layers = true});
  EXPECT_EQ(result.at("weights"), "random");
  const std::size_t plans = result.at("plans").size();
  EXPECT_EQ(result.at("ceilings").size(), plans);
  EXPECT_EQ(result.at("layers").size(), plans);
  const std::size_t ways = plans + (is_available(Precision::bf16) ? 4 : 2);
  ASSERT_EQ(result.at("speeds").size(), 2 * ways);
  for (const OrderedJson& row : result.at("speeds")) {
    EXPECT_GT(row.at("images_per_second").get<double>(), 0);
    EXPECT_GT(row.at("share_of_ceiling").get<double>(), 0);
  }
  EXPECT_EQ(result.at("speeds").at(plans).at("form"), "eager");
  EXPECT_EQ(result.at("speeds").at(plans).at("ratio_to_eager"), 1);
}

TEST(InferComparison, NamesTheNetworksThereAre) {
  EXPECT_THAT([] { compare_inference({.network = "resnt50"}); }, ThrowsMessage<Error>(HasSubstr("resnet50")));
}

TEST(InferComparison, WantsImagesInTheFolder) {
  const TemporaryFolder folder;
  EXPECT_THAT([&] { compare_inference({.network = "resnet10_025", .images = folder.path()}); },
              ThrowsMessage<Error>(HasSubstr("there is no image in it")));
}

}  // namespace
}  // namespace graft
