#include <gmock/gmock.h>

#include "base/error.h"
#include "base/json.h"
#include "runner/capacity.h"
#include "runner/log_text.h"
#include "runner/process.h"

namespace graft {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::ThrowsMessage;

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

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

JobSpec job_of(const std::string& instance_type, int instances = 1) {
  JobSpec spec;
  spec.instance_type = instance_type;
  spec.instances = instances;
  return spec;
}

TEST(Capacity, CoresAreGivenOnceAndNoMoreThanThereAre) {
  Capacity capacity({0}, kGiB);
  const JobSpec spec = job_of("ml.m5.xlarge");
  const auto taken = capacity.take(spec);
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->size(), 1U);
  EXPECT_FALSE(capacity.take(spec));
  capacity.give_back(spec, *taken);
  EXPECT_TRUE(capacity.take(spec));
}

TEST(Capacity, MemoryIsGivenOnceToo) {
  // Of 8, 8 and 16 GiB.
  const JobSpec small = job_of("ml.m5.large"), two = job_of("ml.m5.large", 2);
  Capacity capacity({0, 1, 2, 3, 4, 5, 6, 7}, 20 * kGiB);
  const auto first = capacity.take(small), second = capacity.take(small);
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(capacity.take(small));
  capacity.give_back(small, *first);
  EXPECT_FALSE(capacity.take(two));
  capacity.give_back(small, *second);
  EXPECT_TRUE(capacity.take(two));
}

TEST(Capacity, WhatIsLargerThanTheMachineRunsAlone) {
  const JobSpec large = job_of("ml.r5.large"), small = job_of("ml.t2.medium");
  Capacity capacity({0, 1, 2, 3}, 8 * kGiB);
  const auto taken = capacity.take(large);
  ASSERT_TRUE(taken);
  EXPECT_FALSE(capacity.take(small));
  capacity.give_back(large, *taken);
  // As a runner finds them that ran side by side before: more than there is.
  capacity.hold(large, {0, 1});
  capacity.hold(large, {0, 1});
  capacity.give_back(large, {0, 1});
  EXPECT_FALSE(capacity.take(small));
  // A job that never started has nothing to give back.
  capacity.give_back(large, {});
  EXPECT_FALSE(capacity.take(small));
  capacity.give_back(large, {0, 1});
  EXPECT_TRUE(capacity.take(small));
}

TEST(RunCommand, KillsWhatTakesTooLong) {
  using std::chrono::milliseconds;
  EXPECT_EQ(run_command({"echo", "x"}), "x\n");
  EXPECT_THAT(
      [] {
        run_command({"sleep", "1000"}, milliseconds(50));
      },
      ThrowsMessage<Error>("sleep 1000 took too long, and was killed"));
  // What it started keeps its output open, or it has closed that and goes on.
  EXPECT_THROW(run_command({"sh", "-c", "sleep 1000 & exit 0"}, milliseconds(50)), Error);
  EXPECT_THROW(run_command({"sh", "-c", "exec sleep 1000 >&- 2>&-"}, milliseconds(50)), Error);
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
