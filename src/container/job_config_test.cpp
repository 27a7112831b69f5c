#include "container/job_config.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "base/file.h"

namespace graft {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::ThrowsMessage;

HyperParameters parameters(const std::string& json) {
  return parse_hyper_parameters(json, "hyperparameters.json");
}

TEST(JobConfig, ReadsHyperParametersAsAnyClientSendsThem) {
  EXPECT_THAT(
      parameters(R"({"epochs": "3", "optimizer": "\"adam\"", "mode": "head", "balance": "true"})"),
      ElementsAre(Pair("balance", "true"), Pair("epochs", "3"), Pair("mode", "head"), Pair("optimizer", "adam")));
  EXPECT_THAT(parameters(R"({"epochs": 3, "resize": "null"})"), ElementsAre(Pair("epochs", "3")));
  EXPECT_THAT(parameters("{}"), IsEmpty());
}

TEST(JobConfig, LeavesOutWhatThePlatformAdds) {
  EXPECT_THAT(
      parameters(R"({"_tuning_objective_metric": "validation:accuracy", "sagemaker_region": "\"x\"", "seed": "1"})"),
      ElementsAre(Pair("seed", "1")));
}

TEST(JobConfig, RefusesHyperParametersThatAreNone) {
  EXPECT_THAT([] { parameters("[]"); }, ThrowsMessage<Error>(HasSubstr("hyperparameters.json: expected an object")));
  EXPECT_THAT([] { parameters(R"({"a": [1]})"); }, ThrowsMessage<Error>(HasSubstr("a is a list")));
}

TEST(JobConfig, ReadsChannels) {
  const std::vector<Channel> channels = parse_channels(R"({
    "train": {"ContentType": "Application/X-RecordIO; label-format=class-id", "TrainingInputMode": "Pipe",
              "RecordWrapperType": "RecordIO", "S3DistributionType": "FullyReplicated"},
    "validation": {"TrainingInputMode": "FastFile"}})",
                                                       "inputdataconfig.json");
  ASSERT_EQ(channels.size(), 2u);
  EXPECT_EQ(channels[0].content_type, "application/x-recordio");
  EXPECT_TRUE(channels[0].pipe && channels[0].wrapped);
  EXPECT_FALSE(channels[1].pipe || channels[1].wrapped);
  EXPECT_EQ(channels[1].content_type, "");
}

TEST(JobConfig, RefusesChannelsThatLeadElsewhereOrComeInOtherWays) {
  const auto refuse = [](const char* json, const char* message) {
    EXPECT_THAT([&] { parse_channels(json, "c"); }, ThrowsMessage<Error>(HasSubstr(message)));
  };
  refuse(R"({"../x": {}})", "a channel's name is letters");
  refuse(R"({"train": {"TrainingInputMode": "Post"}})", "channel train: the input mode Post");
}

TEST(JobConfig, ReadsAJobWhoseFilesAreMissing) {
  const TemporaryFolder folder;
  const OptMl folders{folder.path()};
  make_folder(folders.channel("train"));
  make_folder(folders.channel("other"));
  const JobConfig job = read_job(folders);
  ASSERT_EQ(job.channels.size(), 1u);
  EXPECT_EQ(job.channels[0].name, "train");
  EXPECT_EQ(job.hosts, 1);
}

TEST(JobConfig, ReadsHosts) {
  const TemporaryFolder folder;
  const OptMl folders{folder.path()};
  make_folder(folders.config(""));
  write_file(folders.config("resourceconfig.json"), R"({"current_host": "algo-2", "hosts": ["algo-1", "algo-2"]})");
  const JobConfig job = read_job(folders);
  EXPECT_EQ(job.host, "algo-2");
  EXPECT_EQ(job.hosts, 2);
}

}  // namespace
}  // namespace graft
