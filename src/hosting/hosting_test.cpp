#include "hosting/hosting.h"

#include <algorithm>
#include <set>

#include "base/json.h"
#include "hosting/hosting_testing.h"

namespace graft {
namespace {

using testing::Contains;
using testing::HasSubstr;
using Status = EndpointState::Status;
using test::endpoint;
using test::variant;

// With the program that stands in for graft.
class HostingTest : public testing::Test {
 protected:
  std::string model(const std::string& name, const std::string& behaviour = "") {
    return house_.store.put_model(name, {{"name", name}, {"behaviour", behaviour}});
  }
  Json answer(const Headers& headers = {}, const std::string& body = "picture") {
    const Response response = house_.invoke("e", headers, body);
    EXPECT_EQ(response.status, 200) << response.body;
    return response.status == 200 ? Json::parse(response.body) : Json::object();
  }
  test::House house_{GRAFT_TESTDATA};
};

TEST_F(HostingTest, ServesAModelAndTellsIt) {
  const EndpointState state = house_.make(endpoint("e", {variant("a", model("m"))}));
  EXPECT_EQ(state.status, Status::in_service) << state.failure;
  EXPECT_EQ(state.variants.at(0).current_instances, 1);
  EXPECT_EQ(state.config, "config-1");
  const Json said = answer();
  EXPECT_EQ(said.at("model"), "m");
  EXPECT_EQ(said.at("path"), "/invocations");
  EXPECT_EQ(said.at("body"), "picture");
  EXPECT_EQ(house_.changes().front().status, Status::creating);
  EXPECT_EQ(house_.changes().back().status, Status::in_service);
  EXPECT_THAT(house_.lines(), Contains("a: starting"));
}

TEST_F(HostingTest, PassesHeadersOnButNotWhoAsks) {
  house_.make(endpoint("e", {variant("a", model("m"))}));
  const Response response = house_.invoke("e", {{"Content-Type", "text/csv"},
                                                {"X-Amzn-SageMaker-Custom-Attributes", "mine"},
                                                {"Authorization", "AWS4-HMAC-SHA256 ..."},
                                                {"x-amz-security-token", "t"},
                                                {"Host", "platform:9000"}});
  const Json headers = Json::parse(response.body).at("headers");
  EXPECT_EQ(headers.at("Content-Type"), "text/csv");
  EXPECT_EQ(headers.at("X-Amzn-SageMaker-Custom-Attributes"), "mine");
  EXPECT_FALSE(headers.contains("Authorization"));
  EXPECT_FALSE(headers.contains("x-amz-security-token"));
  EXPECT_NE(headers.at("Host"), "platform:9000");
  EXPECT_EQ(find_header(response.headers, "x-Amzn-Invoked-Production-Variant"), "a");
  EXPECT_EQ(find_header(response.headers, "X-Amzn-SageMaker-Custom-Attributes"), "of=model");
  EXPECT_EQ(response.content_type, "application/json");
}

TEST_F(HostingTest, GoesByWeightAndByName) {
  house_.make(endpoint("e", {variant("a", model("m"), 3), variant("b", model("n"), 1), variant("c", model("o"), 0)}));
  std::map<std::string, int> counts;
  for (int i = 0; i < 40; ++i) ++counts[answer().at("model")];
  EXPECT_EQ(counts, (std::map<std::string, int>{{"m", 30}, {"n", 10}}));
  EXPECT_EQ(answer({{"X-Amzn-SageMaker-Target-Variant", "c"}}).at("model"), "o");
  const Response none = house_.invoke("e", {{"X-Amzn-SageMaker-Target-Variant", "d"}});
  EXPECT_EQ(none.status, 400);
  EXPECT_EQ(find_header(none.headers, "x-amzn-ErrorType"), "ValidationError");
  EXPECT_THAT(none.body, HasSubstr("Variant d not found"));
}

TEST_F(HostingTest, AnUnknownEndpointIsAValidationError) {
  const Response response = house_.invoke("none");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(Json::parse(response.body).at("Message"), "Endpoint none of account 1 not found.");
  house_.make(endpoint("e", {variant("a", model("m"))}));
  EXPECT_EQ(house_.hosting->invoke("2", "e", {}).status, 400);
  EXPECT_FALSE(house_.hosting->state("2", "e"));
}

TEST_F(HostingTest, WhatTheModelRefusesIsAModelError) {
  house_.make(endpoint("e", {variant("a", model("m"))}));
  const Response response = house_.invoke("e", {{"X-Behave", "status 415"}});
  EXPECT_EQ(response.status, 424);
  EXPECT_EQ(Json::parse(response.body).at("OriginalStatusCode"), 415);
  EXPECT_THAT(Json::parse(response.body).at("OriginalMessage").get<std::string>(), HasSubstr("as asked"));
  EXPECT_EQ(find_header(response.headers, "x-Amzn-Invoked-Production-Variant"), "a");
  answer();
  EXPECT_TRUE(test::eventually([&] { return house_.metric("a/Invocations") == 2; }));
  EXPECT_EQ(house_.metric("a/Invocation4XXErrors"), 1);
  EXPECT_EQ(house_.metric("a/InvocationModelErrors"), 1);
  EXPECT_EQ(house_.metric("a/Invocation5XXErrors"), 0);
  EXPECT_GT(house_.metric("a/ModelLatency"), 0);
  EXPECT_TRUE(test::eventually([&] { return house_.metric("a/OverheadLatency") > 0; }));
}

TEST_F(HostingTest, ARequestWhoseProcessDiesIsAnsweredByAnother) {
  const TemporaryFolder folder;  // before the processes, which see nothing that comes later beside what is hidden
  house_.make(endpoint("e", {variant("a", model("m"), 1, 2)}));
  const std::string marker = (folder.path() / "died").string();
  answer({{"X-Behave", "die-once"}, {"X-Marker", marker}});
  EXPECT_TRUE(std::filesystem::exists(marker));
  EXPECT_TRUE(test::eventually([&] { return house_.hosting->state("1", "e")->variants.at(0).current_instances == 2; }));
}

TEST_F(HostingTest, AlsoWhenThereIsNoneButTheOneThatIsStartedAgain) {
  const TemporaryFolder folder;
  house_.make(endpoint("e", {variant("a", model("m"))}));
  answer({{"X-Behave", "die-once"}, {"X-Marker", (folder.path() / "died").string()}});
}

TEST_F(HostingTest, ARequestThatKillsEveryProcessIsAModelError) {
  house_.make(endpoint("e", {variant("a", model("m"), 1, 2)}));
  const Response response = house_.invoke("e", {{"X-Behave", "die"}});
  EXPECT_EQ(response.status, 424);
  EXPECT_EQ(Json::parse(response.body).at("OriginalStatusCode"), 0);
  answer();
}

TEST_F(HostingTest, WhatIsNoHttpIsAModelErrorToo) {
  house_.make(endpoint("e", {variant("a", model("m"))}));
  const Response response = house_.invoke("e", {{"X-Behave", "garbage"}});
  EXPECT_EQ(response.status, 424);
  EXPECT_EQ(Json::parse(response.body).at("OriginalStatusCode"), 0);
  EXPECT_TRUE(test::eventually([&] { return house_.metric("a/Invocation5XXErrors") == 1; }));
}

TEST_F(HostingTest, WhatCannotBeServedFailsWithTheReason) {
  EndpointState state = house_.make(endpoint("none", {variant("a", "s3://bucket/none.tar.gz")}));
  EXPECT_EQ(state.status, Status::failed);
  EXPECT_EQ(state.failure, "Could not find model data at s3://bucket/none.tar.gz.");
  state = house_.make(endpoint("broken", {variant("a", model("m")), variant("b", model("n", "broken"))}));
  EXPECT_EQ(state.status, Status::failed);
  EXPECT_THAT(state.failure, HasSubstr("did not pass the ping health check"));
  EXPECT_THAT(state.failure, HasSubstr("error: this model is broken"));
  EXPECT_EQ(house_.invoke("broken").status, 400);
  VariantSpec other = variant("a", model("m"));
  other.image = "registry/other:1";
  other.multi_model = true;
  EXPECT_EQ(house_.make(endpoint("other", {other})).status, Status::failed);
}

TEST_F(HostingTest, AFailedEndpointCanBeUpdatedAndDeleted) {
  house_.make(endpoint("e", {variant("a", model("n", "broken"))}));
  EXPECT_EQ(house_.make(endpoint("e", {variant("a", model("m"))})).status, Status::in_service);
  answer();
  house_.hosting->remove("1", "e");
  EXPECT_FALSE(house_.hosting->state("1", "e"));
  EXPECT_EQ(house_.invoke("e").status, 400);
}

TEST_F(HostingTest, RemovedWhileItStartsItLeavesNothing) {
  house_.hosting->apply(endpoint("e", {variant("a", model("m", "slow 3"))}));
  EXPECT_TRUE(test::eventually([&] { return !house_.lines().empty(); }));
  house_.hosting->remove("1", "e");
  EXPECT_EQ(house_.make(endpoint("e", {variant("a", model("n"))})).status, Status::in_service);
  EXPECT_EQ(answer().at("model"), "n");
}

TEST_F(HostingTest, RequestsWaitForAnEndpointThatReturns) {
  EndpointSpec spec = endpoint("e", {variant("a", model("m", "slow 1"))});
  house_.hosting->apply(spec);
  EXPECT_EQ(house_.invoke("e").status, 400);
  spec.name = "returning";
  spec.returns = true;
  house_.hosting->apply(spec);
  EXPECT_EQ(house_.invoke("returning").status, 200);
  spec = endpoint("lost", {variant("a", model("n", "broken"))});
  spec.returns = true;
  house_.hosting->apply(spec);
  const Response response = house_.invoke("lost");
  EXPECT_EQ(response.status, 503);
  EXPECT_THAT(response.body, HasSubstr("this model is broken"));
}

TEST_F(HostingTest, NewsThatAreNotKeptAreToldAgain) {
  house_.full = true;
  house_.make(endpoint("e", {variant("a", model("m"))}));
  answer();
  EXPECT_EQ(house_.changes().back().status, Status::creating);
  house_.full = false;
  EXPECT_TRUE(test::eventually([&] { return house_.changes().back().status == Status::in_service; }));
}

TEST_F(HostingTest, CapturesWhatItIsAskedTo) {
  EndpointSpec spec = endpoint("e", {variant("a", model("m"))});
  spec.capture = CaptureSpec{.uri = "s3://bucket/kept"};
  house_.make(spec);
  answer({{"Content-Type", "text/csv"}}, "1,2,3");
  house_.hosting.reset();
  const auto objects = house_.store.objects("bucket/kept/e/a/");
  ASSERT_EQ(objects.size(), 1U);
  const Json line = Json::parse(objects.begin()->second);
  EXPECT_EQ(line.at("captureData").at("endpointInput").at("data"), "1,2,3");
  EXPECT_EQ(line.at("captureData").at("endpointOutput").at("encoding"), "JSON");
}

TEST_F(HostingTest, SleepsWhenNobodyAsksAndWakesForTheNext) {
  EndpointSpec spec = endpoint("e", {variant("a", model("m"))});
  spec.idle_seconds = 0.5;
  house_.make(spec);
  const int first = answer().at("pid");
  const auto instances = [&] { return house_.hosting->state("1", "e")->variants.at(0).current_instances; };
  EXPECT_TRUE(test::eventually([&] { return instances() == 0; }));
  EXPECT_EQ(house_.hosting->state("1", "e")->status, Status::in_service);
  std::mutex mutex;
  std::set<int> processes;
  std::vector<std::thread> clients;
  for (int i = 0; i < 12; ++i) {
    clients.emplace_back([&] {
      const int process = answer().at("pid");
      const std::lock_guard lock(mutex);
      processes.insert(process);
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(processes.size(), 1U);
  EXPECT_FALSE(processes.contains(first));
  EXPECT_EQ(std::ranges::count(house_.lines(), "a: starting"), 2);
  EXPECT_EQ(house_.store.gets("bucket/m.tar.gz"), 1);
}

TEST_F(HostingTest, ARequestThatCannotWakeItIsToldWhyAndTheNextOneTriesAgain) {
  EndpointSpec spec = endpoint("e", {variant("a", model("m", "well"))});
  spec.idle_seconds = 0.5;
  house_.make(spec);
  EXPECT_TRUE(test::eventually([&] { return house_.hosting->state("1", "e")->variants.at(0).current_instances == 0; }));
  const auto behave = [&](std::string_view how) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(house_.folder() / "models")) {
      if (entry.path().filename() == "behaviour") write_file(entry.path(), how);
    }
  };
  behave("broken");
  const Response refused = house_.invoke("e");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(find_header(refused.headers, "x-amzn-ErrorType"), "ServiceUnavailable");
  EXPECT_THAT(refused.body, HasSubstr("error: this model is broken"));
  EXPECT_EQ(house_.hosting->state("1", "e")->status, Status::in_service);
  behave("well");
  EXPECT_EQ(answer().at("model"), "m");
}

TEST_F(HostingTest, AStoreThatHangsDoesNotHoldUpWhatIsCaptured) {
  EndpointSpec spec = endpoint("e", {variant("a", model("m"))});
  spec.capture = CaptureSpec{.uri = "s3://bucket/kept"};
  house_.make(spec);
  const std::lock_guard hanging(house_.store.mutex());
  const std::string large(std::size_t{5} << 20, 'x');
  for (int i = 0; i < 4; ++i) EXPECT_EQ(house_.invoke("e", {{"X-Behave", "short"}}, large).status, 200);
  EXPECT_TRUE(test::eventually([&] { return house_.metric("a/CapturesDropped") > 0; }));
}

}  // namespace
}  // namespace graft
