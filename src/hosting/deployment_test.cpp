#include <signal.h>

#include <algorithm>
#include <set>

#include "base/json.h"
#include "hosting/hosting.h"
#include "hosting/hosting_testing.h"

namespace graft {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Status = EndpointState::Status;
using Shift = DeploymentSpec::Shift;
using test::endpoint;
using test::variant;

class Deployment : public testing::Test {
 protected:
  std::string model(const std::string& name, const std::string& behaviour = "") {
    return house_.store.put_model(name, {{"name", name}, {"behaviour", behaviour}});
  }
  EndpointSpec to(const std::string& uri, const std::string& config, DeploymentSpec deployment = {}) {
    EndpointSpec spec = endpoint("e", {variant("a", uri)}, config);
    spec.deployment = std::move(deployment);
    return spec;
  }
  std::string answering() {
    const Response response = house_.invoke("e");
    EXPECT_EQ(response.status, 200) << response.body;
    return response.status == 200 ? Json::parse(response.body).at("model") : "";
  }
  int process() { return Json::parse(house_.invoke("e").body).at("pid"); }

  test::House house_{GRAFT_TESTDATA};
};

// Asks without a pause until its end.
class Load {
 public:
  Load(test::House& house, std::size_t clients) {
    for (std::size_t i = 0; i < clients; ++i) {
      threads_.emplace_back([this, &house] {
        while (!ending_) {
          const Response response = house.invoke("e", {{"X-Behave", "sleep 0.002"}});
          ++count_;
          if (response.status == 200) continue;
          const std::lock_guard lock(mutex_);
          problems_.push_back(response.body);
        }
      });
    }
  }
  ~Load() { end(); }
  std::vector<std::string> end() {
    ending_ = true;
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    return problems_;
  }
  int count() const { return count_; }

 private:
  std::atomic<bool> ending_ = false;
  std::atomic<int> count_ = 0;
  std::mutex mutex_;
  std::vector<std::string> problems_;
  std::vector<std::thread> threads_;
};

TEST_F(Deployment, TenUpdatesDropNoRequest) {
  const std::string uris[] = {model("m"), model("n")};
  house_.make(to(uris[0], "c0"));
  Load load(house_, 6);
  for (int i = 1; i <= 10; ++i) {
    EndpointSpec spec = to(uris[i % 2], "c" + std::to_string(i));
    if (i % 3 == 0) spec.deployment = {.shift = Shift::canary, .step_percent = 50, .wait_seconds = 0.05};
    EXPECT_EQ(house_.make(spec).config, spec.config);
  }
  EXPECT_THAT(load.end(), IsEmpty());
  EXPECT_GT(load.count(), 100);
  EXPECT_EQ(answering(), "m");
}

TEST_F(Deployment, WeightsAndNumbersChangeWithoutAStartOfWhatIsThere) {
  EndpointSpec spec = to(model("m"), "c");
  house_.make(spec);
  const int first = process();
  // What lies in S3 by now is not this configuration's.
  model("n");
  house_.store.put("bucket/m.tar.gz", "another thing");
  Load load(house_, 3);
  spec.variants[0].weight = 5;
  spec.variants[0].instances = 3;
  EndpointState state = house_.make(spec);
  EXPECT_EQ(state.variants.at(0).current_weight, 5);
  EXPECT_EQ(state.variants.at(0).current_instances, 3);
  spec.variants[0].instances = 1;
  state = house_.make(spec);
  EXPECT_EQ(state.variants.at(0).current_instances, 1);
  EXPECT_THAT(load.end(), IsEmpty());
  EXPECT_EQ(process(), first);
}

TEST_F(Deployment, AnUpdateKeepsWhatItCan) {
  house_.make(to(model("m"), "c1"));
  const int first = process();
  EndpointSpec spec = to("s3://bucket/m.tar.gz", "c2");
  spec.variants.push_back(variant("b", model("n"), 0));
  house_.make(spec);
  EXPECT_EQ(process(), first);
}

TEST_F(Deployment, KeepsTheWeightsThatWereSetWhereItIsAskedTo) {
  EndpointSpec spec = to(model("m"), "c1");
  spec.variants[0].weight = 7;
  house_.make(spec);
  spec = to(model("n"), "c2");
  spec.keep_weights = true;
  EXPECT_EQ(house_.make(spec).variants.at(0).current_weight, 7);
}

TEST_F(Deployment, WhatDoesNotComeUpIsRolledBack) {
  house_.make(to(model("m"), "c1"));
  Load load(house_, 3);
  const EndpointState state = house_.make(to(model("n", "broken"), "c2"));
  EXPECT_EQ(state.status, Status::in_service);
  EXPECT_EQ(state.config, "c1");
  EXPECT_THAT(state.failure, HasSubstr("did not pass the ping health check"));
  EXPECT_THAT(load.end(), IsEmpty());
  EXPECT_EQ(answering(), "m");
  const auto changes = house_.changes();
  EXPECT_EQ(changes.at(changes.size() - 2).status, Status::rolling_back);
}

TEST_F(Deployment, AnAlarmRollsBack) {
  house_.make(to(model("m"), "c1"));
  Load load(house_, 3);
  house_.hosting->apply(
      to(model("n"), "c2",
         {.shift = Shift::canary, .step_percent = 50, .wait_seconds = 600, .alarms = {"quiet", "errors"}}));
  std::set<std::string> seen;
  EXPECT_TRUE(test::eventually([&] { return seen.insert(answering()), seen.size() == 2; }));
  EXPECT_EQ(house_.hosting->state("1", "e")->status, Status::updating);
  house_.set_alarm("errors");
  const EndpointState state = house_.wait_until_settled("e");
  EXPECT_EQ(state.config, "c1");
  EXPECT_THAT(state.failure, HasSubstr("the alarm errors went off"));
  EXPECT_THAT(load.end(), IsEmpty());
  for (int i = 0; i < 10; ++i) EXPECT_EQ(answering(), "m");
}

TEST_F(Deployment, AnAlarmRollsBackAsLongAsTheLastStepIsWatched) {
  house_.make(to(model("m"), "c1"));
  house_.hosting->apply(to(model("n"), "c2", {.wait_seconds = 600, .alarms = {"errors"}}));
  EXPECT_TRUE(test::eventually([&] { return answering() == "n"; }));
  house_.set_alarm("errors");
  EXPECT_EQ(house_.wait_until_settled("e").config, "c1");
  EXPECT_EQ(answering(), "m");
}

TEST_F(Deployment, RemovedInTheMiddleItLeavesNoProcess) {
  house_.make(to(model("m"), "c1"));
  house_.hosting->apply(to(model("n"), "c2", {.shift = Shift::canary, .step_percent = 50, .wait_seconds = 600}));
  std::set<int> processes;
  EXPECT_TRUE(test::eventually([&] { return processes.insert(process()), processes.size() == 2; }));
  house_.hosting->remove("1", "e");
  EXPECT_EQ(house_.invoke("e").status, 400);
  const auto ended = [](int id) { return ::kill(id, 0) != 0; };
  EXPECT_TRUE(test::eventually([&] { return std::ranges::all_of(processes, ended); }));
}

TEST_F(Deployment, AnUpdateDuringAnUpdateComesBehindIt) {
  house_.make(to(model("m"), "c1"));
  Load load(house_, 3);
  house_.hosting->apply(to(model("n"), "c2", {.shift = Shift::canary, .step_percent = 50, .wait_seconds = 0.2}));
  EXPECT_TRUE(test::eventually([&] { return answering() == "n"; }));
  house_.hosting->apply(to(model("o"), "c3"));
  house_.hosting->apply(to(model("p"), "c4"));
  EXPECT_EQ(house_.wait_until_settled("e").config, "c4");
  EXPECT_EQ(answering(), "p");
  EXPECT_THAT(load.end(), IsEmpty());
  std::vector<std::string> told;
  for (const EndpointState& state : house_.changes()) {
    if (state.status == Status::in_service) told.push_back(state.config);
  }
  EXPECT_THAT(told, ElementsAre("c1", "c4"));
}

TEST_F(Deployment, AStartThatHangsGivesWayToTheNextUpdate) {
  house_.make(to(model("m"), "c1"));
  Load load(house_, 3);
  house_.hosting->apply(to(model("n", "slow 1000"), "c2"));
  const auto starts = [&] { return std::ranges::count(house_.lines(), "a: starting"); };
  EXPECT_TRUE(test::eventually([&] { return starts() == 2; }));
  const EndpointState state = house_.make(to(model("o"), "c3"));
  EXPECT_EQ(state.config, "c3");
  EXPECT_EQ(state.failure, "");
  EXPECT_EQ(answering(), "o");
  EXPECT_THAT(load.end(), IsEmpty());
}

TEST_F(Deployment, AlsoThatOfAnEndpointThatIsWoken) {
  EndpointSpec spec = to(model("m", "well"), "c1");
  spec.idle_seconds = 0.5;
  house_.make(spec);
  EXPECT_TRUE(test::eventually([&] { return house_.hosting->state("1", "e")->variants.at(0).current_instances == 0; }));
  for (const auto& entry : std::filesystem::recursive_directory_iterator(house_.folder() / "models")) {
    if (entry.path().filename() == "behaviour") write_file(entry.path(), std::string_view("slow 1000"));
  }
  std::thread sleeper([&] { EXPECT_EQ(answering(), "n"); });
  const auto starts = [&] { return std::ranges::count(house_.lines(), "a: starting"); };
  EXPECT_TRUE(test::eventually([&] { return starts() == 2; }));
  house_.hosting->apply(to(model("n"), "c2"));
  sleeper.join();
  EXPECT_EQ(house_.wait_until_settled("e").config, "c2");
}

// As a platform does that was killed meanwhile.
TEST_F(Deployment, WhatServedServesAgainAndTheUpdateBeginsAnew) {
  house_.hosting->apply(to(model("m"), "c1"));
  house_.hosting->apply(
      to(model("n"), "c2", {.shift = Shift::canary, .step_percent = 50, .wait_seconds = 600, .alarms = {"errors"}}));
  EXPECT_TRUE(test::eventually([&] { return house_.invoke("e").status == 200; }));
  std::set<std::string> seen;
  EXPECT_TRUE(test::eventually([&] { return seen.insert(answering()), seen.size() == 2; }));
  house_.set_alarm("errors");
  EXPECT_EQ(house_.wait_until_settled("e").config, "c1");
}

TEST_F(Deployment, ThatDoesNotComeUpAfterAStartLeavesWhatServedBefore) {
  house_.hosting->apply(to(model("m"), "c1"));
  house_.hosting->apply(to(model("n", "broken"), "c2"));
  const EndpointState state = house_.wait_until_settled("e");
  EXPECT_EQ(state.status, Status::in_service);
  EXPECT_EQ(state.config, "c1");
  EXPECT_THAT(state.failure, HasSubstr("did not pass the ping health check"));
}

TEST_F(Deployment, ShiftsInSteps) {
  house_.make(to(model("m"), "c1"));
  house_.hosting->apply(to(model("n"), "c2", {.shift = Shift::linear, .step_percent = 25, .wait_seconds = 600}));
  EXPECT_TRUE(test::eventually([&] { return answering() == "n"; }));
  int of_new = 0;
  for (int i = 0; i < 40; ++i) of_new += answering() == "n";
  EXPECT_EQ(of_new, 10);
  house_.hosting->remove("1", "e");
}

TEST_F(Deployment, ThatTakesTooLongIsRolledBack) {
  house_.make(to(model("m"), "c1"));
  const EndpointState state = house_.make(
      to(model("n"), "c2", {.shift = Shift::canary, .step_percent = 10, .wait_seconds = 600, .timeout_seconds = 0.5}));
  EXPECT_EQ(state.config, "c1");
  EXPECT_THAT(state.failure, HasSubstr("longer than it may"));
}

TEST_F(Deployment, ARequestThatIsThereIsAnsweredByTheOldOnes) {
  house_.make(to(model("m"), "c1"));
  std::thread slow([&] {
    const Response response = house_.invoke("e", {{"X-Behave", "sleep 2"}});
    EXPECT_EQ(Json::parse(response.body).at("model"), "m");
  });
  EXPECT_EQ(house_.make(to(model("n"), "c2")).config, "c2");
  EXPECT_EQ(answering(), "n");
  slow.join();
}

}  // namespace
}  // namespace graft
