#include "control/training_job.h"

#include "control/control_testing.h"
#include "control/resource.h"
#include "control/training_events.h"

namespace graft {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kArn = "arn:aws:sagemaker:us-west-2:123456789012:training-job/job";

struct TrainingJobTest : ControlTest {
  TrainingNews news{control};

  void tell(JobPhase phase, double time, const std::string& message = "", const std::string& artifact = "") {
    news.event(submitted.back(), {.phase = phase, .time = time, .message = message, .artifact = artifact});
  }
  Json described() { return call("DescribeTrainingJob", {{"TrainingJobName", "job"}}); }
  std::vector<std::string> transitions() {
    std::vector<std::string> statuses;
    const Json answer = described();
    for (const Json& one : answer.at("SecondaryStatusTransitions")) statuses.push_back(one.at("Status"));
    return statuses;
  }
  std::string refused_with(const std::function<void(Json&)>& change) {
    Json request = training_request();
    change(request);
    return refusal("CreateTrainingJob", request);
  }
};

TEST_F(TrainingJobTest, IsSubmittedAsItWasAsked) {
  Json request = training_request();
  request["CheckpointConfig"] = {{"S3Uri", "s3://b/checkpoints"}};
  request["InputDataConfig"][0]["ShuffleConfig"] = {{"Seed", 7}};
  EXPECT_EQ(call("CreateTrainingJob", request).at("TrainingJobArn"), kArn);
  ASSERT_EQ(submitted.size(), 1U);
  const JobSpec& spec = submitted[0];
  EXPECT_EQ(spec.account, "123456789012");
  EXPECT_EQ(spec.region, "us-west-2");
  EXPECT_EQ(spec.arn, kArn);
  EXPECT_EQ(spec.image, "graft");
  EXPECT_EQ(spec.hyper_parameters.at("epochs"), "3");
  EXPECT_EQ(spec.channels[0].uri, "s3://b/train");
  EXPECT_EQ(spec.channels[0].shuffle_seed, 7U);
  EXPECT_EQ(spec.output_uri, "s3://b/out");
  EXPECT_EQ(spec.checkpoint_uri, "s3://b/checkpoints");
  EXPECT_EQ(spec.checkpoint_path, "/opt/ml/checkpoints");
  EXPECT_EQ(spec.most_runtime.count(), 3600);
  EXPECT_THAT(spec.metrics, testing::Contains(testing::Pair("validation:accuracy", testing::_)));
}

TEST_F(TrainingJobTest, IsDescribedWithAllThatClientsRead) {
  call("CreateTrainingJob", training_request());
  const Json answer = described();
  EXPECT_EQ(answer["TrainingJobStatus"], "InProgress");
  EXPECT_EQ(answer["SecondaryStatus"], "Starting");
  EXPECT_EQ(answer["OutputDataConfig"]["KmsKeyId"], "");
  EXPECT_TRUE(answer["ModelArtifacts"].contains("S3ModelArtifacts"));
  EXPECT_EQ(answer["SecondaryStatusTransitions"][0]["StatusMessage"], "Starting the training job");
  EXPECT_EQ(answer["EnableManagedSpotTraining"], false);
  EXPECT_EQ(answer["ResourceConfig"]["InstanceCount"], 1);
  EXPECT_FALSE(answer.contains("Tags"));
  EXPECT_EQ(call("ListTags", {{"ResourceArn", kArn}})["Tags"][0]["Value"], "fruit");
}

TEST_F(TrainingJobTest, GoesThroughSageMakersStatuses) {
  call("CreateTrainingJob", training_request());
  const double begin = described().at("CreationTime");
  tell(JobPhase::starting, begin + 1);
  tell(JobPhase::downloading, begin + 2);
  tell(JobPhase::training, begin + 3);
  news.metric(submitted[0], "validation:accuracy", begin + 4, 0.5);
  news.metric(submitted[0], "validation:accuracy", begin + 5, 0.75);
  tell(JobPhase::uploading, begin + 9);
  tell(JobPhase::completed, begin + 10.5, "", "s3://b/out/job/output/model.tar.gz");
  const Json answer = described();
  EXPECT_EQ(answer["TrainingJobStatus"], "Completed");
  EXPECT_THAT(transitions(), ElementsAre("Starting", "Starting", "Downloading", "Training", "Uploading", "Completed"));
  for (const Json& one : answer["SecondaryStatusTransitions"]) EXPECT_TRUE(one.contains("EndTime")) << one;
  EXPECT_EQ(answer["ModelArtifacts"]["S3ModelArtifacts"], "s3://b/out/job/output/model.tar.gz");
  EXPECT_EQ(answer["TrainingTimeInSeconds"], 8);
  EXPECT_EQ(answer["FinalMetricDataList"][0]["Value"], 0.75);
  ASSERT_EQ(metrics.size(), 2U);
  EXPECT_EQ(metrics[0].first.space, "/aws/sagemaker/TrainingJobs");
  EXPECT_EQ(metrics[0].first.dimensions.at("TrainingJobName"), "job");
}

TEST_F(TrainingJobTest, StaysWhatItEndedAs) {
  call("CreateTrainingJob", training_request());
  tell(JobPhase::failed, 2e9, "AlgorithmError: " + std::string(2000, 'x'));
  tell(JobPhase::training, 2e9 + 1);
  const Json answer = described();
  EXPECT_EQ(answer["TrainingJobStatus"], "Failed");
  EXPECT_EQ(answer["FailureReason"].get<std::string>().size(), 1024U);
  EXPECT_EQ(answer["SecondaryStatusTransitions"].back()["StatusMessage"], "Training job failed");
  EXPECT_FALSE(answer.contains("TrainingTimeInSeconds"));
}

TEST_F(TrainingJobTest, KeepsWhatAProgramSaysThatIsNoText) {
  call("CreateTrainingJob", training_request());
  tell(JobPhase::failed, 2e9, "AlgorithmError: \xff\xfe");
  EXPECT_THAT(described()["FailureReason"].get<std::string>(), StartsWith("AlgorithmError: "));
}

TEST_F(TrainingJobTest, IsStoppedOnceAndNotAfterItsEnd) {
  call("CreateTrainingJob", training_request());
  EXPECT_TRUE(call("StopTrainingJob", {{"TrainingJobName", "job"}}).is_null());
  EXPECT_THAT(stopped, ElementsAre("job"));
  EXPECT_EQ(described()["TrainingJobStatus"], "Stopping");
  tell(JobPhase::uploading, 2e9);
  EXPECT_EQ(described()["TrainingJobStatus"], "Stopping");
  tell(JobPhase::stopped, 2e9 + 1);
  EXPECT_EQ(described()["TrainingJobStatus"], "Stopped");
  EXPECT_EQ(refusal("StopTrainingJob", {{"TrainingJobName", "job"}}),
            "ValidationException: The request was rejected because the training job is in status Stopped.");
}

TEST_F(TrainingJobTest, SaysThatItsTimeWasOver) {
  call("CreateTrainingJob", training_request());
  tell(JobPhase::stopping, 2e9);
  tell(JobPhase::timed_out, 2e9 + 1);
  EXPECT_EQ(described()["TrainingJobStatus"], "Stopped");
  EXPECT_EQ(described()["SecondaryStatus"], "MaxRuntimeExceeded");
}

TEST_F(TrainingJobTest, IsDeletedWhenItHasEnded) {
  call("CreateTrainingJob", training_request());
  EXPECT_THAT(refusal("DeleteTrainingJob", {{"TrainingJobName", "job"}}), StartsWith("ResourceInUse: "));
  tell(JobPhase::completed, 2e9);
  call("DeleteTrainingJob", {{"TrainingJobName", "job"}});
  EXPECT_THAT(erased, ElementsAre("job"));
  EXPECT_EQ(refusal("DescribeTrainingJob", {{"TrainingJobName", "job"}}),
            "ValidationException: Requested resource not found.");
}

TEST_F(TrainingJobTest, IsItsAccountsAlone) {
  call("CreateTrainingJob", training_request());
  for (const char* operation : {"DescribeTrainingJob", "StopTrainingJob", "DeleteTrainingJob"}) {
    EXPECT_EQ(refusal(operation, {{"TrainingJobName", "job"}}, stranger),
              "ValidationException: Requested resource not found.");
  }
  EXPECT_THAT(refusal("ListTags", {{"ResourceArn", kArn}}, stranger), StartsWith("AccessDeniedException: "));
  EXPECT_TRUE(call("ListTrainingJobs", Json::object(), stranger)["TrainingJobSummaries"].empty());
  EXPECT_EQ(call("ListTrainingJobs", Json::object())["TrainingJobSummaries"].size(), 1U);
}

TEST_F(TrainingJobTest, HasANameOfItsOwn) {
  call("CreateTrainingJob", training_request());
  EXPECT_EQ(
      refusal("CreateTrainingJob", training_request()),
      text("ResourceInUse: Training job names must be unique within an AWS account and region, and a training job "
           "with this name already exists (",
           kArn, ")"));
}

TEST_F(TrainingJobTest, IsRefusedInAwssWords) {
  EXPECT_THAT(
      refused_with([](Json& request) { request["TrainingJobName"] = "bad name!"; }),
      StartsWith("ValidationException: 1 validation error detected: Value 'bad name!' at 'trainingJobName' failed "
                 "to satisfy constraint: Member must satisfy regular expression pattern: "));
  EXPECT_THAT(refused_with([](Json& request) { request["RoleArn"] = "arn:aws:iam::12:role/x"; }),
              HasSubstr("at 'roleArn' failed to satisfy constraint"));
  EXPECT_THAT(refused_with([](Json& request) { request.erase("OutputDataConfig"); }),
              HasSubstr("Value null at 'outputDataConfig' failed to satisfy constraint: Member must not be null"));
  EXPECT_THAT(refused_with([](Json& request) { request["ResourceConfig"]["InstanceType"] = "big"; }),
              HasSubstr("'resourceConfig.instanceType'"));
  EXPECT_THAT(refused_with([](Json& request) { request["InputDataConfig"][0]["ChannelName"] = "a/b"; }),
              HasSubstr("'inputDataConfig.1.member.channelName'"));
  EXPECT_THAT(refused_with([](Json& request) { request["EnableManagedSpotTraining"] = true; }),
              HasSubstr("Invalid MaxWaitTimeInSeconds"));
  EXPECT_THAT(refused_with([](Json& request) { request["HyperParameters"]["x"] = std::string(2501, 'x'); }),
              HasSubstr("length less than or equal to 2500"));
  EXPECT_TRUE(submitted.empty());
}

TEST_F(TrainingJobTest, IsRefusedWithoutImages) {
  EXPECT_THAT(refused_with([](Json& request) {
                request["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"] = "s3://b/none/";
              }),
              StartsWith("ValidationException: No S3 objects found under S3 URL \"s3://b/none/\" given in input data "
                         "source. Please ensure that the bucket exists in the selected region (us-west-2), that "));
}

TEST_F(TrainingJobTest, IsNotThereWhenTheRunnerRefusesIt) {
  outside.submit_job = [](const JobSpec&) { fail(Kind::invalid, "there is no podman for the image x"); };
  EXPECT_EQ(refusal("CreateTrainingJob", training_request()),
            "ValidationException: there is no podman for the image x");
  EXPECT_FALSE(records.find(caller.account, kTrainingJob, "job"));
}

TEST_F(TrainingJobTest, IsSubmittedAfterAKillThatCameBefore) {
  call("CreateTrainingJob", training_request());
  records.update(caller.account, kTrainingJob, "job", [](Record& job) { job.inner.erase("Submitted"); });
  resume_training_jobs(control);
  ASSERT_EQ(submitted.size(), 2U);
  resume_training_jobs(control);
  EXPECT_EQ(submitted.size(), 2U);
  EXPECT_EQ(submitted[1].hyper_parameters, submitted[0].hyper_parameters);
}

TEST_F(TrainingJobTest, IsStoppedWhereThatWasAskedBeforeTheRunnerKnewIt) {
  outside.submit_job = [this](const JobSpec& spec) {
    submitted.push_back(spec);
    if (submitted.size() > 1) return;
    call("StopTrainingJob", {{"TrainingJobName", spec.name}});
    stopped.clear();  // the runner does not know it yet
  };
  call("CreateTrainingJob", training_request());
  EXPECT_THAT(stopped, ElementsAre("job"));
  records.update(caller.account, kTrainingJob, "job", [](Record& job) { job.inner.erase("Submitted"); });
  resume_training_jobs(control);
  EXPECT_EQ(submitted.size(), 2U);
  EXPECT_THAT(stopped, ElementsAre("job", "job"));
  resume_training_jobs(control);
  EXPECT_EQ(submitted.size(), 2U);
  EXPECT_EQ(stopped.size(), 3U);
}

TEST_F(TrainingJobTest, LogsUnderTheNameThatClientsLookFor) {
  call("CreateTrainingJob", training_request());
  news.log(submitted[0], "algo-1", {"a", "b"});
  news.log(submitted[0], "algo-1", {"c"});
  ASSERT_EQ(logs.size(), 1U);
  const auto& [place, lines] = *logs.begin();
  EXPECT_THAT(place, testing::MatchesRegex("/aws/sagemaker/TrainingJobs job/algo-1-[0-9]+"));
  EXPECT_THAT(lines, ElementsAre("a", "b", "c"));
}

TEST_F(TrainingJobTest, ListsPageByPage) {
  for (int i = 0; i < 3; ++i) call("CreateTrainingJob", training_request(text("job-", i)));
  Json page = call("ListTrainingJobs", {{"MaxResults", 2}, {"SortBy", "Name"}, {"SortOrder", "Ascending"}});
  ASSERT_EQ(page["TrainingJobSummaries"].size(), 2U);
  EXPECT_EQ(page["TrainingJobSummaries"][0]["TrainingJobName"], "job-0");
  page = call("ListTrainingJobs",
              {{"MaxResults", 2}, {"SortBy", "Name"}, {"SortOrder", "Ascending"}, {"NextToken", page["NextToken"]}});
  EXPECT_EQ(page["TrainingJobSummaries"].size(), 1U);
  EXPECT_FALSE(page.contains("NextToken"));
  EXPECT_THAT(refusal("ListTrainingJobs", {{"NextToken", "x"}}), HasSubstr("NextToken"));
}

}  // namespace
}  // namespace graft
