// How jobs end that do not simply complete.
#include "runner/runner_testing.h"

namespace graft {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::StartsWith;

TEST_F(RunnerTest, AFailureIsToldAsSageMakerTellsIt) {
  start();
  runner().submit(
      job("echo partial > output/data/log; echo half > model/half\n"
          "printf 'no images\\nat all' > output/failure; exit 3"));
  const JobEvent end = told_.wait_for_end("job");
  EXPECT_EQ(end.phase, JobPhase::failed);
  EXPECT_EQ(end.message, "AlgorithmError: no images\nat all, exit code: 3");
  EXPECT_FALSE(store_.content("bucket/out/job/output/model.tar.gz"));
  EXPECT_THAT(unpacked("out/job/output/output.tar.gz"), ElementsAre(Pair("log", "partial\n")));
  runner().submit(job("kill -9 $$", "silent"));
  EXPECT_EQ(told_.wait_for_end("silent").message,
            "AlgorithmError: the program was ended by signal 9, maybe for want of memory, exit code: 137");
}

TEST_F(RunnerTest, ADiskThatWasFullIsNotTheProgramsFault) {
  start();
  runner().submit(job("echo \"cannot write $PWD/model/m: No space left on device\" > output/failure; exit 1"));
  EXPECT_THAT(told_.wait_for_end("job").message,
              StartsWith("InternalServerError: the disk of the platform is full: AlgorithmError: cannot write "));
  runner().submit(
      job("echo 'cannot write /elsewhere/m: No space left on device' > output/failure; exit 1", "elsewhere"));
  EXPECT_THAT(told_.wait_for_end("elsewhere").message, StartsWith("AlgorithmError: cannot write /elsewhere/m"));
}

TEST_F(RunnerTest, WhatIsNotThereFailsTheJobInWords) {
  start();
  JobSpec spec = job("true");
  spec.channels.push_back({.name = "train", .uri = "s3://bucket/nothing"});
  runner().submit(spec);
  EXPECT_THAT(told_.wait_for_end("job").message,
              HasSubstr("ClientError: Data download failed: No S3 objects found under S3 URL \"s3://bucket/nothing\""));
}

TEST_F(RunnerTest, AStopEndsTheProgramAndKeepsItsModel) {
  start();
  runner().submit(job("trap 'echo kept > model/m; exit 1' TERM\necho ready\n" + until("/never")));
  told_.wait_for_line("ready");
  runner().stop("1", "job");
  const JobEvent end = told_.wait_for_end("job");
  EXPECT_EQ(end.phase, JobPhase::stopped);
  EXPECT_EQ(end.artifact, "s3://bucket/out/job/output/model.tar.gz");
  EXPECT_THAT(unpacked("out/job/output/model.tar.gz"), ElementsAre(Pair("m", "kept\n")));
  using enum JobPhase;
  EXPECT_THAT(told_.phases("job"), ElementsAre(starting, downloading, training, stopping, stopped));
}

TEST_F(RunnerTest, TheTimeOfAJobIsLimited) {
  start();
  JobSpec spec = job("echo kept > model/m\n" + until("/never"));
  spec.most_runtime = std::chrono::seconds(1);
  runner().submit(spec);
  const JobEvent end = told_.wait_for_end("job");
  EXPECT_EQ(end.phase, JobPhase::timed_out);
  EXPECT_EQ(end.artifact, "s3://bucket/out/job/output/model.tar.gz");
}

TEST_F(RunnerTest, AModelThatCannotBeUploadedIsAFailure) {
  store_.fault = [](const Request& request) -> std::optional<Response> {
    if (request.method != "PUT") return {};
    return Response{
        .status = 403, .content_type = "application/xml", .body = "<Error><Code>AccessDenied</Code></Error>"};
  };
  start();
  runner().submit(job("echo x > model/x"));
  const JobEvent end = told_.wait_for_end("job");
  EXPECT_EQ(end.phase, JobPhase::failed);
  EXPECT_THAT(end.message, HasSubstr("ClientError: Artifact upload failed: "));
}

TEST_F(RunnerTest, AStopEndsADownload) {
  for (const JobChannel::Source source : {JobChannel::Source::prefix, JobChannel::Source::manifest}) {
    const std::string name = source == JobChannel::Source::prefix ? "prefix" : "manifest";
    store_.put("bucket/big/file", std::string(8 << 20, 'x'));
    store_.put("bucket/list", R"([{"prefix": "s3://bucket/big/"}, "file"])");
    JobSpec spec = job("echo trained", name);
    spec.channels.push_back({.name = "big", .source = source, .uri = "s3://bucket/big"});
    if (source == JobChannel::Source::manifest) spec.channels.back().uri = "s3://bucket/list";
    store_.fault = [&](const Request& request) -> std::optional<Response> {
      if (request.method == "GET" && request.target.find("/big/file") != std::string::npos) runner().stop("1", name);
      return {};
    };
    start();
    runner().submit(spec);
    EXPECT_EQ(told_.wait_for_end(name).phase, JobPhase::stopped);
    using enum JobPhase;
    EXPECT_THAT(told_.phases(name), ElementsAre(starting, downloading, stopping, stopped));
    end();
  }
}

TEST_F(RunnerTest, AStopDuringTheUploadKeepsTheModel) {
  store_.fault = [&](const Request& request) -> std::optional<Response> {
    if (request.method == "PUT") runner().stop("1", "job");
    return {};
  };
  start();
  runner().submit(job("echo kept > model/m"));
  const JobEvent end = told_.wait_for_end("job");
  EXPECT_EQ(end.phase, JobPhase::stopped);
  EXPECT_EQ(end.artifact, "s3://bucket/out/job/output/model.tar.gz");
  EXPECT_THAT(unpacked("out/job/output/model.tar.gz"), ElementsAre(Pair("m", "kept\n")));
}

TEST_F(RunnerTest, AnImageThatNothingHereRunsIsAFailure) {
  const std::string path = std::getenv("PATH");
  start();
  JobSpec spec = job("true");
  spec.image = "somebody/elses:1";
  ::setenv("PATH", folder_.path().c_str(), 1);
  runner().submit(spec);
  const JobEvent end = told_.wait_for_end("job");
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_EQ(end.phase, JobPhase::failed);
  EXPECT_THAT(end.message,
              HasSubstr("ClientError: the image somebody/elses:1 is not one that graft runs by itself, and "
                        "neither podman nor docker is installed"));
}

TEST_F(RunnerTest, AnEndThatWasNotTakenIsToldAgain) {
  RunnerListener listener = told_.listener();
  int refused = 0;
  const auto tell = listener.event;
  listener.event = [&, tell](const JobSpec& spec, const JobEvent& event) {
    if (event.phase == JobPhase::completed && ++refused == 1) fail(Kind::unavailable, "the database is full");
    tell(spec, event);
  };
  runner_ = std::make_unique<Runner>(options_, listener);
  runner().submit(job("true"));
  EXPECT_EQ(told_.wait_for_end("job").phase, JobPhase::completed);
  end();
}

TEST_F(RunnerTest, OneInstanceThatFailsEndsTheOthers) {
  start();
  JobSpec spec = job("[ $SM_CURRENT_HOST = algo-1 ] && " + std::string("while true; do sleep 0.02; done\n") +
                     "echo it was me > output/failure; exit 2");
  spec.instances = 2;
  runner().submit(spec);
  EXPECT_EQ(told_.wait_for_end("job").message, "AlgorithmError: it was me\n, exit code: 2");
}

}  // namespace
}  // namespace graft
