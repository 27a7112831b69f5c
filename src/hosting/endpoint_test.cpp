#include "hosting/endpoint.h"

#include "base/json.h"
#include "hosting/hosting_testing.h"

namespace graft {
namespace {

TEST(Endpoint, IsTheSameAfterJson) {
  EndpointSpec spec = test::endpoint("flowers", {test::variant("a", "s3://b/a.tar.gz", 0.25, 3)}, "config");
  spec.variants[0].environment = {{"GRAFT_ANSWERS", "probabilities"}};
  spec.variants.push_back({.name = "b", .multi_model = true});
  spec.capture = CaptureSpec{.uri = "s3://b/capture", .percentage = 30, .input = false};
  spec.deployment = {.shift = DeploymentSpec::Shift::linear,
                     .step_percent = 20,
                     .wait_seconds = 1.5,
                     .timeout_seconds = 60,
                     .alarms = {"high"}};
  spec.idle_seconds = 7;
  spec.keep_weights = true;
  const Json json = spec;
  const auto again = json.get<EndpointSpec>();
  EXPECT_EQ(Json(again), json);
  EXPECT_EQ(again.variants[0].environment, spec.variants[0].environment);
  EXPECT_EQ(again.deployment.shift, DeploymentSpec::Shift::linear);
  EXPECT_EQ(again.capture->percentage, 30);
  EXPECT_FALSE(again.capture->input);
}

TEST(Endpoint, NamesAShiftThatThereIsNot) {
  Json json = test::endpoint("e", {test::variant("a", "s3://b/a")});
  json["deployment"]["shift"] = "sideways";
  EXPECT_THROW(json.get<EndpointSpec>(), Error);
}

}  // namespace
}  // namespace graft
