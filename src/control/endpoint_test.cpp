#include "control/endpoint.h"

#include <chrono>
#include <future>
#include <system_error>
#include <utility>

#include "control/control_testing.h"
#include "control/resource.h"

namespace graft {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using Status = EndpointState::Status;

constexpr const char* kArn = "arn:aws:sagemaker:us-west-2:123456789012:";

struct EndpointTest : ControlTest {
  Json model_request(const std::string& name = "m") {
    return {{"ModelName", name},
            {"PrimaryContainer", {{"Image", "graft:latest"}, {"ModelDataUrl", "s3://b/out/model.tar.gz"}}},
            {"ExecutionRoleArn", "arn:aws:iam::123456789012:role/server"}};
  }
  Json variant(const std::string& name, double weight, const std::string& model = "m") {
    return {{"VariantName", name},
            {"ModelName", model},
            {"InitialInstanceCount", 1},
            {"InstanceType", "ml.m5.large"},
            {"InitialVariantWeight", weight}};
  }
  void make_config(const std::string& name, const Json& variants, Json more = Json::object()) {
    more["EndpointConfigName"] = name;
    more["ProductionVariants"] = variants;
    call("CreateEndpointConfig", more);
  }
  void make_endpoint() {
    call("CreateModel", model_request());
    make_config("c", Json::array({variant("a", 1), variant("b", 3)}));
    call("CreateEndpoint", {{"EndpointName", "e"}, {"EndpointConfigName", "c"}});
  }
  void tell(Status status, const std::string& config = "c", const std::string& failure = "") {
    EndpointState state{.account = caller.account, .name = "e", .config = config, .status = status, .failure = failure};
    for (const VariantSpec& one : applied.back().variants) {
      state.variants.push_back({.name = one.name, .current_weight = one.weight, .current_instances = one.instances});
    }
    endpoints["e"] = state;
    record_endpoint_state(control, state);
  }
  Json described() { return call("DescribeEndpoint", {{"EndpointName", "e"}}); }
  std::string status() { return described().at("EndpointStatus"); }
};

TEST_F(EndpointTest, IsGivenToHostingAsItWasAsked) {
  make_endpoint();
  ASSERT_EQ(applied.size(), 1U);
  const EndpointSpec& spec = applied[0];
  EXPECT_EQ(spec.arn, text(kArn, "endpoint/e"));
  EXPECT_EQ(spec.config, "c");
  ASSERT_EQ(spec.variants.size(), 2U);
  EXPECT_EQ(spec.variants[1].name, "b");
  EXPECT_EQ(spec.variants[1].weight, 3);
  EXPECT_EQ(spec.variants[1].model_uri, "s3://b/out/model.tar.gz");
  EXPECT_EQ(spec.variants[1].image, "graft");
  EXPECT_EQ(spec.idle_seconds, 0);
}

TEST_F(EndpointTest, AnswersAsTheBuiltInAlgorithmWhereItsImageIsThat) {
  const auto answers = [&](const std::string& name, const Json& environment) {
    Json model = model_request(name);
    model["PrimaryContainer"]["Image"] = "433757028032.dkr.ecr.us-west-2.amazonaws.com/image-classification:1";
    model["PrimaryContainer"]["Environment"] = environment;
    call("CreateModel", model);
    make_config(name, Json::array({variant("a", 1, name)}));
    call("CreateEndpoint", {{"EndpointName", name}, {"EndpointConfigName", name}});
    return applied.back().variants[0].environment.at("GRAFT_ANSWERS");
  };
  EXPECT_EQ(answers("x", Json::object()), "probabilities");
  EXPECT_EQ(answers("y", {{"GRAFT_ANSWERS", "labels"}}), "labels");
  make_endpoint();
  EXPECT_FALSE(applied.back().variants[0].environment.contains("GRAFT_ANSWERS"));
}

TEST_F(EndpointTest, IsDescribedAsHostingSaysItIs) {
  make_endpoint();
  EXPECT_EQ(status(), "Creating");
  tell(Status::in_service);
  const Json answer = described();
  EXPECT_EQ(answer["EndpointStatus"], "InService");
  EXPECT_EQ(answer["EndpointConfigName"], "c");
  EXPECT_EQ(answer["ProductionVariants"][1]["CurrentWeight"], 3);
  EXPECT_EQ(answer["ProductionVariants"][0]["DeployedImages"][0]["SpecifiedImage"], "graft:latest");
  EXPECT_EQ(call("ListEndpoints", {{"StatusEquals", "InService"}})["Endpoints"].size(), 1U);
}

TEST_F(EndpointTest, FailsWithAReason) {
  make_endpoint();
  tell(Status::failed, "c", "The primary container did not pass the ping health check.");
  EXPECT_EQ(status(), "Failed");
  EXPECT_THAT(described()["FailureReason"].get<std::string>(), HasSubstr("ping"));
}

TEST_F(EndpointTest, LivesOnWithoutItsConfigurationAndModel) {
  make_endpoint();
  call("DeleteEndpointConfig", {{"EndpointConfigName", "c"}});
  call("DeleteModel", {{"ModelName", "m"}});
  tell(Status::in_service);
  EXPECT_EQ(described()["EndpointConfigName"], "c");
  EXPECT_EQ(described()["ProductionVariants"][0]["DeployedImages"][0]["SpecifiedImage"], "graft:latest");
  resume_endpoints(control);
  EXPECT_EQ(applied.back().variants[0].model_uri, "s3://b/out/model.tar.gz");
}

TEST_F(EndpointTest, IsDeletedInAnyState) {
  make_endpoint();
  EXPECT_TRUE(call("DeleteEndpoint", {{"EndpointName", "e"}}).is_null());
  EXPECT_THAT(removed, ElementsAre("e"));
  const std::string missing = text("ValidationException: Could not find endpoint \"", kArn, "endpoint/e\".");
  EXPECT_EQ(refusal("DescribeEndpoint", {{"EndpointName", "e"}}), missing);
  EXPECT_EQ(refusal("DeleteEndpoint", {{"EndpointName", "e"}}), missing);
}

TEST_F(EndpointTest, ShiftsWeightsUnlessItIsBusy) {
  make_endpoint();
  const Json request = {{"EndpointName", "e"},
                        {"DesiredWeightsAndCapacities", Json::array({{{"VariantName", "a"}, {"DesiredWeight", 9}}})}};
  EXPECT_EQ(refusal("UpdateEndpointWeightsAndCapacities", request),
            text("ValidationException: Cannot update in-progress endpoint \"", kArn, "endpoint/e\"."));
  tell(Status::in_service);
  call("UpdateEndpointWeightsAndCapacities", request);
  EXPECT_EQ(applied.back().variants[0].weight, 9);
  EXPECT_EQ(applied.back().variants[1].weight, 3);
  EXPECT_EQ(applied.back().config, "c");
  EXPECT_EQ(status(), "Updating");
  EXPECT_EQ(described()["ProductionVariants"][0]["DesiredWeight"], 9);
  EXPECT_EQ(described()["ProductionVariants"][0]["CurrentWeight"], 1);
  tell(Status::in_service);
  EXPECT_EQ(described()["ProductionVariants"][0]["CurrentWeight"], 9);
  EXPECT_THAT(refusal("UpdateEndpointWeightsAndCapacities",
                      {{"EndpointName", "e"},
                       {"DesiredWeightsAndCapacities", Json::array({{{"VariantName", "z"}, {"DesiredWeight", 9}}})}}),
              HasSubstr("\"z\""));
}

TEST_F(EndpointTest, IsUpdatedAndRolledBack) {
  make_endpoint();
  tell(Status::in_service);
  make_config("d", Json::array({variant("a", 5)}));
  call("UpdateEndpoint", {{"EndpointName", "e"}, {"EndpointConfigName", "d"}});
  EXPECT_EQ(described()["EndpointConfigName"], "c");
  EXPECT_EQ(described()["PendingDeploymentSummary"]["EndpointConfigName"], "d");
  tell(Status::updating, "c");
  tell(Status::rolling_back, "c", "The alarm x went off.");
  EXPECT_EQ(status(), "RollingBack");
  tell(Status::in_service, "c", "The alarm x went off.");
  EXPECT_EQ(status(), "InService");
  EXPECT_EQ(described()["EndpointConfigName"], "c");
  EXPECT_FALSE(described().contains("PendingDeploymentSummary"));
  resume_endpoints(control);
  EXPECT_EQ(applied.back().config, "c");
}

TEST_F(EndpointTest, IsWhatItWasWhenHostingDoesNotTakeAChange) {
  make_endpoint();
  tell(Status::in_service);
  make_config("d", Json::array({variant("a", 5)}));
  const auto apply = std::exchange(outside.apply_endpoint, [](const EndpointSpec&) {
    throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again), "no thread");
  });
  const Json update = {{"EndpointName", "e"}, {"EndpointConfigName", "d"}};
  EXPECT_THROW(call("UpdateEndpoint", update), std::system_error);
  EXPECT_EQ(status(), "InService");
  EXPECT_EQ(described()["EndpointConfigName"], "c");
  EXPECT_THAT(described()["FailureReason"].get<std::string>(), HasSubstr("no thread"));
  EXPECT_THROW(call("CreateEndpoint", {{"EndpointName", "f"}, {"EndpointConfigName", "d"}}), std::system_error);
  outside.apply_endpoint = apply;
  call("CreateEndpoint", {{"EndpointName", "f"}, {"EndpointConfigName", "d"}});
  call("UpdateEndpoint", update);
  tell(Status::in_service, "d");
  EXPECT_EQ(described()["EndpointConfigName"], "d");
  EXPECT_FALSE(described().contains("FailureReason"));
}

TEST_F(EndpointTest, DeletedWhileItIsChangedItIsServedByNobody) {
  make_endpoint();
  tell(Status::in_service);
  std::vector<std::string> told;
  std::future<void> deletion;
  outside.remove_endpoint = [&](const std::string&, const std::string&) { told.push_back("removed"); };
  outside.apply_endpoint = [&](const EndpointSpec&) {
    deletion = std::async(std::launch::async, [&] { call("DeleteEndpoint", {{"EndpointName", "e"}}); });
    deletion.wait_for(std::chrono::milliseconds(50));
    told.push_back("applied");
  };
  call("UpdateEndpoint", {{"EndpointName", "e"}, {"EndpointConfigName", "c"}});
  deletion.get();
  EXPECT_THAT(told, ElementsAre("applied", "removed"));
}

TEST_F(EndpointTest, KeepsItsWeightsWhereItIsToldSo) {
  make_endpoint();
  tell(Status::in_service);
  make_config("d", Json::array({variant("a", 5), variant("b", 5), variant("new", 5)}));
  call("UpdateEndpoint", {{"EndpointName", "e"}, {"EndpointConfigName", "d"}, {"RetainAllVariantProperties", true}});
  EXPECT_EQ(applied.back().variants[0].weight, 1);
  EXPECT_EQ(applied.back().variants[1].weight, 3);
  EXPECT_EQ(applied.back().variants[2].weight, 5);
}

TEST_F(EndpointTest, DoesNotTakeOldNewsForTheEndOfAnUpdate) {
  make_endpoint();
  tell(Status::in_service);
  make_config("d", Json::array({variant("a", 5)}));
  call("UpdateEndpoint", {{"EndpointName", "e"}, {"EndpointConfigName", "d"}});
  tell(Status::in_service, "c");
  EXPECT_EQ(status(), "Updating");
  tell(Status::in_service, "d");
  EXPECT_EQ(status(), "InService");
  EXPECT_EQ(described()["EndpointConfigName"], "d");
}

TEST_F(EndpointTest, IsSaidToBeUpdatedByTheSystemWhenItIsStartedAgain) {
  make_endpoint();
  tell(Status::in_service);
  tell(Status::creating);
  EXPECT_EQ(status(), "SystemUpdating");
}

TEST_F(EndpointTest, TakesTrafficOverAsTheDeploymentSays) {
  make_endpoint();
  tell(Status::in_service);
  const auto update = [&](const Json& deployment) {
    call("UpdateEndpoint", {{"EndpointName", "e"}, {"EndpointConfigName", "c"}, {"DeploymentConfig", deployment}});
    tell(Status::in_service);
    return applied.back().deployment;
  };
  const Json alarms = {{"Alarms", Json::array({{{"AlarmName", "slow"}}})}};
  const DeploymentSpec canary = update({{"BlueGreenUpdatePolicy",
                                         {{"TrafficRoutingConfiguration",
                                           {{"Type", "CANARY"},
                                            {"WaitIntervalInSeconds", 5},
                                            {"CanarySize", {{"Type", "CAPACITY_PERCENT"}, {"Value", 30}}}}}}},
                                        {"AutoRollbackConfiguration", alarms}});
  EXPECT_EQ(canary.shift, DeploymentSpec::Shift::canary);
  EXPECT_EQ(canary.step_percent, 30);
  EXPECT_EQ(canary.wait_seconds, 5);
  EXPECT_THAT(canary.alarms, ElementsAre("slow"));
  const DeploymentSpec rolling =
      update({{"RollingUpdatePolicy",
               {{"WaitIntervalInSeconds", 1}, {"MaximumBatchSize", {{"Type", "INSTANCE_COUNT"}, {"Value", 1}}}}}});
  EXPECT_EQ(rolling.shift, DeploymentSpec::Shift::linear);
  EXPECT_EQ(rolling.step_percent, 50);  // one of two instances
  EXPECT_THAT(refusal("UpdateEndpoint",
                      {{"EndpointName", "e"},
                       {"EndpointConfigName", "c"},
                       {"DeploymentConfig",
                        {{"BlueGreenUpdatePolicy",
                          {{"TrafficRoutingConfiguration", {{"Type", "CANARY"}, {"WaitIntervalInSeconds", 5}}}}}}}}),
              HasSubstr("canarySize"));
}

TEST_F(EndpointTest, SleepsWhenItIsServerlessOrToldSo) {
  call("CreateModel", model_request());
  const auto idle = [&](const std::string& config) {
    call("CreateEndpoint", {{"EndpointName", config}, {"EndpointConfigName", config}});
    return applied.back().idle_seconds;
  };
  const Json serverless = {{"VariantName", "a"},
                           {"ModelName", "m"},
                           {"ServerlessConfig", {{"MemorySizeInMB", 2048}, {"MaxConcurrency", 5}}}};
  make_config("s", Json::array({serverless}));
  EXPECT_EQ(idle("s"), 300);
  make_config("t", Json::array({variant("a", 1)}),
              {{"Tags", Json::array({{{"Key", "graft:idle-seconds"}, {"Value", "7.5"}}})}});
  EXPECT_EQ(idle("t"), 7.5);
  Json model = model_request("n");
  model["PrimaryContainer"]["Environment"] = {{"GRAFT_IDLE_SECONDS", "60"}};
  call("CreateModel", model);
  make_config("u", Json::array({variant("a", 1, "n")}));
  EXPECT_EQ(idle("u"), 60);
}

TEST_F(EndpointTest, CapturesWhatTheConfigurationSays) {
  call("CreateModel", model_request());
  make_config("c", Json::array({variant("a", 1)}),
              {{"DataCaptureConfig",
                {{"InitialSamplingPercentage", 20},
                 {"DestinationS3Uri", "s3://b/capture"},
                 {"CaptureOptions", Json::array({{{"CaptureMode", "Input"}}})}}}});
  call("CreateEndpoint", {{"EndpointName", "e"}, {"EndpointConfigName", "c"}});
  ASSERT_TRUE(applied[0].capture);
  EXPECT_EQ(applied[0].capture->percentage, 20);
  EXPECT_TRUE(applied[0].capture->input);
  EXPECT_FALSE(applied[0].capture->output);
  EXPECT_EQ(described()["DataCaptureConfig"]["CaptureStatus"], "Started");
}

TEST_F(EndpointTest, IsRefusedInAwssWords) {
  EXPECT_EQ(refusal("CreateEndpointConfig",
                    {{"EndpointConfigName", "c"}, {"ProductionVariants", Json::array({variant("a", 1)})}}),
            text("ValidationException: Could not find model \"", kArn, "model/m\"."));
  EXPECT_EQ(refusal("CreateEndpoint", {{"EndpointName", "e"}, {"EndpointConfigName", "c"}}),
            text("ValidationException: Could not find endpoint configuration \"", kArn, "endpoint-config/c\"."));
  make_endpoint();
  EXPECT_EQ(refusal("CreateModel", model_request()),
            text("ValidationException: Cannot create already existing model \"", kArn, "model/m\"."));
  EXPECT_EQ(refusal("CreateEndpoint", {{"EndpointName", "e"}, {"EndpointConfigName", "c"}}),
            text("ValidationException: Cannot create already existing endpoint \"", kArn, "endpoint/e\"."));
  Json model = model_request("n");
  model["PrimaryContainer"]["ModelDataUrl"] = "s3://b/none.tar.gz";
  EXPECT_EQ(refusal("CreateModel", model), "ValidationException: Could not find model data at s3://b/none.tar.gz.");
  model["ModelName"] = "bad name!";
  EXPECT_THAT(refusal("CreateModel", model),
              StartsWith("ValidationException: 1 validation error detected: Value 'bad name!' at 'modelName'"));
}

TEST_F(EndpointTest, OfAnotherAccountIsNotThere) {
  make_endpoint();
  for (const char* operation : {"DescribeEndpoint", "DeleteEndpoint"}) {
    EXPECT_THAT(refusal(operation, {{"EndpointName", "e"}}, stranger), HasSubstr("Could not find endpoint"));
  }
  EXPECT_THAT(refusal("CreateEndpoint", {{"EndpointName", "f"}, {"EndpointConfigName", "c"}}, stranger),
              HasSubstr("Could not find endpoint configuration"));
  EXPECT_THAT(refusal("DescribeModel", {{"ModelName", "m"}}, stranger), HasSubstr("Could not find model"));
}

}  // namespace
}  // namespace graft
