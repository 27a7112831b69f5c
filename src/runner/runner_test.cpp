#include "runner/runner.h"

#include "base/confinement.h"
#include "base/json.h"
#include "runner/runner_testing.h"

namespace graft {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::ThrowsMessage;

TEST_F(RunnerTest, AJobGoesFromItsChannelsToItsModel) {
  store_.put("bucket/train/a/1.jpg", "one");
  store_.put("bucket/train/b/2.jpg", "two");
  JobSpec spec = job(
      "echo accuracy=0.5\ncat input/data/train/a/1.jpg input/data/train/b/2.jpg > model/sum\n"
      "echo 'accuracy=0.75; lost' >&2\nmkdir model/deep; echo x > model/deep/x\necho report > output/data/report\n");
  spec.channels.push_back({.name = "train", .uri = "s3://bucket/train"});
  spec.metrics = {{"accuracy", "accuracy=(.*?)(;|$)"}};
  start();
  runner().submit(spec);
  const JobEvent end = told_.wait_for_end("job");
  EXPECT_EQ(end.message, "Training job completed");
  EXPECT_EQ(end.artifact, "s3://bucket/out/job/output/model.tar.gz");
  using enum JobPhase;
  EXPECT_THAT(told_.phases("job"), ElementsAre(starting, downloading, training, uploading, completed));
  EXPECT_THAT(unpacked("out/job/output/model.tar.gz"), ElementsAre(Pair("deep/x", "x\n"), Pair("sum", "onetwo")));
  EXPECT_THAT(unpacked("out/job/output/output.tar.gz"), ElementsAre(Pair("report", "report\n")));
  EXPECT_THAT(told_.lines("algo-1"), ElementsAre("accuracy=0.5", "accuracy=0.75; lost"));
  EXPECT_THAT(told_.metrics("accuracy"), ElementsAre(0.5, 0.75));
}

TEST_F(RunnerTest, JobsWaitForCoresInTheirOrderAndStopThere) {
  options_.cores = 1;
  start();
  const fs::path go = folder_.path() / "go";
  runner().submit(job(until(go)));
  told_.wait_for("job", JobPhase::training);
  runner().submit(job("echo second", "second"));
  runner().submit(job("echo third", "third"));
  told_.wait_for("third", JobPhase::queued);
  EXPECT_THAT(told_.phases("second"), ElementsAre(JobPhase::queued));
  runner().stop("1", "second");
  EXPECT_EQ(told_.wait_for_end("second").phase, JobPhase::stopped);
  EXPECT_EQ(told_.count_lines("second"), 0U);
  write_file(go, std::string_view());
  EXPECT_EQ(told_.wait_for_end("third").phase, JobPhase::completed);
}

TEST_F(RunnerTest, ARunnerThatComesBackGoesOnWatching) {
  start();
  const fs::path go = folder_.path() / "go", starts = folder_.path() / "starts";
  runner().submit(
      job("echo x >> " + starts.string() + "\necho ready\n" + until(go) + "echo done > model/m\necho done"));
  told_.wait_for_line("ready");
  end();
  start();
  write_file(go, std::string_view());
  EXPECT_EQ(told_.wait_for_end("job").phase, JobPhase::completed);
  EXPECT_EQ(read_text(starts), "x\n");
  EXPECT_THAT(told_.lines("algo-1"), ElementsAre("ready", "done"));
  using enum JobPhase;
  EXPECT_THAT(told_.phases("job"), ElementsAre(starting, downloading, training, uploading, completed));
}

TEST_F(RunnerTest, AJobThatEndedWithoutARunnerIsFinishedByTheNext) {
  start();
  const fs::path go = folder_.path() / "go", done = folder_.path() / "done";
  runner().submit(job("echo ready\n" + until(go) + "echo m > model/m\necho last\ntouch " + done.string()));
  told_.wait_for_line("ready");
  end();
  write_file(go, std::string_view());
  while (!fs::exists(done)) std::this_thread::yield();
  start();
  EXPECT_EQ(told_.wait_for_end("job").phase, JobPhase::completed);
  EXPECT_THAT(unpacked("out/job/output/model.tar.gz"), ElementsAre(Pair("m", "m\n")));
  EXPECT_EQ(told_.count_lines("last"), 1U);
}

TEST_F(RunnerTest, ALostProcessIsStartedAgainAsOftenAsTheJobMayBe) {
  start();
  const fs::path go = folder_.path() / "go";
  // The supervisor is the program's parent.
  const std::string script = "echo c >> checkpoints/c\n[ -e " + go.string() + " ] || { touch " + go.string() +
                             "; kill -9 $PPID; sleep 60; }\ncp checkpoints/c model/c\n";
  JobSpec spec = job(script);
  spec.retries = 1;
  runner().submit(spec);
  EXPECT_EQ(told_.wait_for_end("job").phase, JobPhase::completed);
  using enum JobPhase;
  EXPECT_THAT(told_.phases("job"),
              ElementsAre(starting, downloading, training, restarting, training, uploading, completed));
  EXPECT_THAT(unpacked("out/job/output/model.tar.gz"), ElementsAre(Pair("c", "c\nc\n")));

  fs::remove(go);
  runner().submit(job(script, "once"));
  EXPECT_THAT(told_.wait_for_end("once").message, HasSubstr("InternalServerError"));
}

TEST_F(RunnerTest, InstancesKnowEachOtherAndTheirModelsAreOne) {
  for (int i = 0; i < 5; ++i) store_.put(text("bucket/part/", i), "x");
  JobSpec spec =
      job("host=$SM_CURRENT_HOST\necho $RANK $WORLD_SIZE $MASTER_ADDR > model/$host\n"
          "ls input/data/part > model/part-$host\ncp input/config/resourceconfig.json model/config-$host\n");
  spec.instances = 2;
  spec.channels.push_back({.name = "part", .uri = "s3://bucket/part/", .sharded = true});
  start();
  runner().submit(spec);
  EXPECT_EQ(told_.wait_for_end("job").phase, JobPhase::completed);
  auto model = unpacked("out/job/output/model.tar.gz");
  EXPECT_EQ(model["algo-1"], "0 2 127.0.0.1\n");
  EXPECT_EQ(model["algo-2"], "1 2 127.0.0.1\n");
  EXPECT_EQ(model["part-algo-1"], "0\n2\n4\n");
  EXPECT_EQ(model["part-algo-2"], "1\n3\n");
  const Json config = Json::parse(model["config-algo-2"]);
  EXPECT_EQ(config["current_host"], "algo-2");
  EXPECT_THAT(config["hosts"], ElementsAre("algo-1", "algo-2"));
}

TEST_F(RunnerTest, CheckpointsComeFromThePrefixAndGoThere) {
  store_.put("bucket/checkpoints/run/old", "1");
  store_.put("bucket/checkpoints/kept", "2");
  JobSpec spec = job("cat checkpoints/run/old > checkpoints/new; rm checkpoints/run/old\n");
  spec.checkpoint_uri = "s3://bucket/checkpoints";
  start();
  runner().submit(spec);
  EXPECT_EQ(told_.wait_for_end("job").phase, JobPhase::completed);
  EXPECT_EQ(store_.content("bucket/checkpoints/new"), "1");
  EXPECT_EQ(store_.content("bucket/checkpoints/kept"), "2");
  EXPECT_FALSE(store_.content("bucket/checkpoints/run/old"));
  EXPECT_EQ(store_.count("PUT /bucket/checkpoints/kept"), 0U);
}

TEST_F(RunnerTest, APipeGivesEachEpochItsData) {
  store_.put("bucket/pipe/1", "one ");
  store_.put("bucket/pipe/2", "two ");
  JobSpec spec =
      job("cat input/data/pipe_0 > model/first\nuntil [ -p input/data/pipe_1 ]; do sleep 0.02; done\n"
          "head -c 1 input/data/pipe_1 > model/second\ncat input/data/pipe_2 > model/third\n");
  spec.channels.push_back({.name = "pipe", .uri = "s3://bucket/pipe", .mode = JobChannel::Mode::pipe});
  start();
  runner().submit(spec);
  EXPECT_EQ(told_.wait_for_end("job").phase, JobPhase::completed);
  EXPECT_THAT(unpacked("out/job/output/model.tar.gz"),
              ElementsAre(Pair("first", "one two "), Pair("second", "o"), Pair("third", "one two ")));
}

TEST_F(RunnerTest, AnAugmentedManifestIsRecordsInAPipe) {
  store_.put("bucket/a.jpg", "picture");
  store_.put("bucket/list", R"({"class": 7, "source-ref": "s3://bucket/a.jpg", "other": 1})"
                            "\n");
  JobSpec spec = job("cat input/data/train_0 > model/records");
  spec.channels.push_back({.name = "train",
                           .source = JobChannel::Source::augmented_manifest,
                           .uri = "s3://bucket/list",
                           .attributes = {"source-ref", "class"},
                           .mode = JobChannel::Mode::pipe,
                           .record_wrapper = "RecordIO"});
  start();
  runner().submit(spec);
  EXPECT_EQ(told_.wait_for_end("job").phase, JobPhase::completed);
  EXPECT_EQ(unpacked("out/job/output/model.tar.gz")["records"],
            std::string("\x0a\x23\xd7\xce\7\0\0\0picture\0\x0a\x23\xd7\xce\1\0\0\0007\0\0\0", 28));
}

TEST_F(RunnerTest, AJobSeesNothingOfThePlatformButItsOwnFolder) {
  if (!can_confine()) GTEST_SKIP() << "this kernel has no Landlock";
  options_.hidden = folder_.path();  // with the jobs and the programs
  start();
  runner().submit(job("true", "other"));
  told_.wait_for_end("other");
  const std::string other = (folder_of("other") / "spec.json").string();
  runner().submit(job("cat " + other + " > model/stolen\nls " + options_.folder.string() + " >> model/stolen\n" +
                      "cat input/config/resourceconfig.json > output/data/own; mktemp > model/temporary; exit 0\n"));
  EXPECT_EQ(told_.wait_for_end("job").phase, JobPhase::completed);
  auto model = unpacked("out/job/output/model.tar.gz");
  EXPECT_EQ(model["stolen"], "");
  EXPECT_THAT(model["temporary"], HasSubstr("/algo-1/tmp/"));
  EXPECT_THAT(unpacked("out/job/output/output.tar.gz")["own"], HasSubstr("algo-1"));
}

TEST_F(RunnerTest, LinksOfAProgramLeadNowhere) {
  write_file(folder_.path() / "secret", "key");
  const std::string secret = (folder_.path() / "secret").string();
  start();
  runner().submit(
      job("ln -s " + secret + " model/link\nln -s " + secret + " output/failure\necho x > model/x\nexit 0"));
  told_.wait_for_end("job");
  EXPECT_THAT(unpacked("out/job/output/model.tar.gz"), ElementsAre(Pair("x", "x\n")));
  runner().submit(
      job("rmdir model; ln -s " + folder_.path().string() + " model\nln -s " + secret + " output/failure; exit 1",
          "failing"));
  EXPECT_EQ(told_.wait_for_end("failing").message, "AlgorithmError: , exit code: 1");
}

TEST_F(RunnerTest, TheEnvironmentIsTheJobsAndNotThePlatforms) {
  ::setenv("GRAFT_TEST_SECRET", "key", 1);
  JobSpec spec = job("env > model/env");
  spec.environment = {{"LD_PRELOAD", "/evil.so"}, {"GRAFT_OPT_ML", "/"}, {"TZ", "UTC"}};
  spec.hyper_parameters = {{"epochs", "3"}, {"name", "\"x\""}, {"sagemaker_region", "here"}};
  start();
  runner().submit(spec);
  told_.wait_for_end("job");
  const std::string env = unpacked("out/job/output/model.tar.gz")["env"];
  for (const char* line : {"TRAINING_JOB_NAME=job", "SM_HP_EPOCHS=3", "SM_HP_NAME=x", "TZ=UTC", "AWS_REGION=eu-west-1",
                           "SM_CHANNELS=[\"code\"]"}) {
    EXPECT_THAT(env, HasSubstr(std::string(line) + "\n"));
  }
  EXPECT_THAT(env, testing::Not(
                       testing::AnyOf(HasSubstr("SECRET=key"), HasSubstr("evil"), HasSubstr("SAGEMAKER_REGION=here"))));
  EXPECT_EQ(told_.count_lines("warning: the image graft reads no environment variable of a job's but TZ, LANG, LC_ALL, "
                              "NO_COLOR and OMP_NUM_THREADS, and does not get GRAFT_OPT_ML, LD_PRELOAD"),
            1U);
}

TEST_F(RunnerTest, RefusesWhatCannotBe) {
  start();
  const auto refused = [&](auto change, const std::string& words) {
    JobSpec spec = job("true");
    change(spec);
    EXPECT_THAT([&] { runner().submit(spec); }, ThrowsMessage<Error>(HasSubstr(words)));
  };
  refused([](JobSpec& s) { s.name = "../x"; }, "letters, digits");
  refused([](JobSpec& s) { s.arguments = {"x"}; }, "no arguments");
  refused([](JobSpec& s) { s.checkpoint_path = "/tmp"; }, "leave LocalPath out");
  refused([](JobSpec& s) { s.instance_type = "large"; }, "no instance type large");
  refused([](JobSpec& s) { s.metrics = {{"m", "a("}}; }, "no regular expression");
  refused([](JobSpec& s) { s.channels[0].gzip = true; }, "Gzip, which goes with the input mode Pipe");
  refused([](JobSpec& s) { s.channels.push_back(s.channels[0]); }, "two channels code");
  refused([](JobSpec& s) { s.output_uri = "/tmp"; }, "/tmp");
  runner().submit(job("true"));
  refused([](JobSpec&) {}, "there is a job job already");
}

TEST_F(RunnerTest, AnErasedJobsNameIsFree) {
  start();
  runner().submit(job("echo 1 > model/m"));
  told_.wait_for_end("job");
  runner().erase("1", "job");
  runner().submit(job("echo 2 > model/m"));
  while (told_.phases("job").size() < 10) std::this_thread::yield();
  EXPECT_THAT(unpacked("out/job/output/model.tar.gz"), ElementsAre(Pair("m", "2\n")));
}

}  // namespace
}  // namespace graft
