#include <gmock/gmock.h>

#include "base/error.h"
#include "base/json.h"
#include "runner/cores.h"
#include "runner/log_text.h"

namespace graft {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(JobSpec, IsTheSameBehindJson) {
  JobSpec spec{.account = "1",
               .region = "r",
               .name = "n",
               .arn = "a",
               .image = "i",
               .entrypoint = {"e"},
               .arguments = {"x", "y"},
               .hyper_parameters = {{"h", "1"}},
               .environment = {{"E", "2"}},
               .output_uri = "s3://o",
               .compress_output = false,
               .checkpoint_uri = "s3://c",
               .checkpoint_path = "/c",
               .instance_type = "ml.x",
               .instances = 3,
               .most_runtime = std::chrono::seconds(7),
               .retries = 2,
               .metrics = {{"m", "p"}}};
  spec.channels.push_back({.name = "c",
                           .source = JobChannel::Source::augmented_manifest,
                           .uri = "s3://u",
                           .sharded = true,
                           .attributes = {"a"},
                           .mode = JobChannel::Mode::pipe,
                           .gzip = true,
                           .content_type = "t",
                           .record_wrapper = "RecordIO",
                           .shuffle_seed = 9});
  const Json json(spec);
  EXPECT_EQ(Json(json.get<JobSpec>()), json);
  EXPECT_EQ(json["channels"][0]["source"], "augmented_manifest");
}

TEST(Cores, AreGivenOnceAndNoMoreThanThereAre) {
  Cores cores(1);
  JobSpec spec;
  spec.instance_type = "ml.m5.xlarge";
  const auto taken = cores.take(spec);
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->size(), 1U);
  EXPECT_FALSE(cores.take(spec));
  cores.give_back(*taken);
  EXPECT_TRUE(cores.take(spec));
}

TEST(LogText, LinesAreWholeAndBounded) {
  std::string pending = "one\r\ntwo\n\nthr";
  EXPECT_THAT(take_lines(pending, false), ElementsAre("one", "two", ""));
  EXPECT_EQ(pending, "thr");
  EXPECT_THAT(take_lines(pending, true), ElementsAre("thr"));
  EXPECT_THAT(take_lines(pending, true), IsEmpty());
  pending = std::string(150'000, 'x');
  EXPECT_EQ(take_lines(pending, false).size(), 2U);
  EXPECT_EQ(pending.size(), 150'000U - 2 * 65'536);
}

TEST(LogText, WhatIsNoTextIsReplaced) {
  EXPECT_EQ(valid_utf8("a\xff\tb\n"), "a\xEF\xBF\xBD\tb\n");
}

}  // namespace
}  // namespace graft
