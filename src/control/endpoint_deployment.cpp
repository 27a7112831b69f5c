#include "control/endpoint_deployment.h"

#include <algorithm>
#include <cmath>

#include "control/fields.h"
#include "control/resource.h"

namespace graft {
namespace {

constexpr const char* kBlueGreen = "DeploymentConfig.BlueGreenUpdatePolicy";
constexpr const char* kRolling = "DeploymentConfig.RollingUpdatePolicy";

// A CapacitySize as a percentage of the instances.
int percent_of(const Json& owner, const char* name, int instances, const std::string& at) {
  if (!owner.contains(name)) aws::invalid_field(at, name, nullptr, "Member must not be null");
  const std::string place = text(at, ".", name);
  const Json& size = aws::object_of(owner, name, at);
  const bool counted =
      aws::text_of(size, "Type", {.one_of = {"INSTANCE_COUNT", "CAPACITY_PERCENT"}}, place) == "INSTANCE_COUNT";
  const auto value = static_cast<double>(aws::integer_of(size, "Value", {1, counted ? 1e4 : 100.0}, place));
  const double percent = counted ? std::ceil(100 * value / std::max(1, instances)) : value;
  return static_cast<int>(std::min(100.0, percent));
}

double timeout_of(const Json& policy, const std::string& at) {
  return static_cast<double>(
      aws::integer_if(policy, "MaximumExecutionTimeoutInSeconds", {600, 28800}, at).value_or(14400));
}

DeploymentSpec blue_green(const Json& policy, int instances) {
  const std::string at = text(kBlueGreen, ".TrafficRoutingConfiguration");
  if (!policy.contains("TrafficRoutingConfiguration")) {
    aws::invalid_field(kBlueGreen, "TrafficRoutingConfiguration", nullptr, "Member must not be null");
  }
  const Json& routing = aws::object_of(policy, "TrafficRoutingConfiguration", kBlueGreen);
  const std::string type = aws::text_of(routing, "Type", {.one_of = {"ALL_AT_ONCE", "CANARY", "LINEAR"}}, at);
  DeploymentSpec deployment;
  deployment.wait_seconds = aws::number_of(routing, "WaitIntervalInSeconds", {0, 3600}, at);
  deployment.timeout_seconds = timeout_of(policy, kBlueGreen);
  aws::integer_if(policy, "TerminationWaitInSeconds", {0, 3600}, kBlueGreen);
  if (type == "CANARY") {
    deployment.shift = DeploymentSpec::Shift::canary;
    deployment.step_percent = percent_of(routing, "CanarySize", instances, at);
  } else if (type == "LINEAR") {
    deployment.shift = DeploymentSpec::Shift::linear;
    deployment.step_percent = percent_of(routing, "LinearStepSize", instances, at);
  }
  return deployment;
}

DeploymentSpec rolling(const Json& policy, int instances) {
  return {.shift = DeploymentSpec::Shift::linear,
          .step_percent = percent_of(policy, "MaximumBatchSize", instances, kRolling),
          .wait_seconds = aws::number_of(policy, "WaitIntervalInSeconds", {0, 3600}, kRolling),
          .timeout_seconds = timeout_of(policy, kRolling)};
}

}  // namespace

DeploymentSpec deployment_of(const Json& config, int instances) {
  const Json& blue = aws::object_of(config, "BlueGreenUpdatePolicy", "DeploymentConfig");
  const Json& batches = aws::object_of(config, "RollingUpdatePolicy", "DeploymentConfig");
  if (!blue.empty() && !batches.empty()) {
    throw validation_error("A DeploymentConfig has either a BlueGreenUpdatePolicy or a RollingUpdatePolicy");
  }
  DeploymentSpec deployment = !blue.empty()      ? blue_green(blue, instances)
                              : !batches.empty() ? rolling(batches, instances)
                                                 : DeploymentSpec{};
  const Json& rollback = aws::object_of(config, "AutoRollbackConfiguration", "DeploymentConfig");
  for (const Json& alarm :
       aws::list_of(rollback, "Alarms", {.most = 10}, "DeploymentConfig.AutoRollbackConfiguration")) {
    deployment.alarms.push_back(aws::text_of(alarm, "AlarmName", {.least = 1, .most = 255},
                                             "DeploymentConfig.AutoRollbackConfiguration.Alarms"));
  }
  return deployment;
}

}  // namespace graft
