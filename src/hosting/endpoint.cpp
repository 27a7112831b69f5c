#include "hosting/endpoint.h"

#include <array>

#include "base/json.h"

namespace graft {
namespace {

constexpr char kSource[] = "an endpoint's record";
constexpr std::array<const char*, 3> kShifts{"all_at_once", "canary", "linear"};

Json json_of(const VariantSpec& variant) {
  return {{"name", variant.name},
          {"model", variant.model},
          {"model_uri", variant.model_uri},
          {"image", variant.image},
          {"environment", variant.environment},
          {"multi_model", variant.multi_model},
          {"weight", variant.weight},
          {"instances", variant.instances},
          {"instance_type", variant.instance_type}};
}

VariantSpec variant_from(const Json& json) {
  VariantSpec variant;
  variant.name = field<std::string>(json, "name", kSource);
  variant.model = field<std::string>(json, "model", kSource);
  variant.model_uri = field<std::string>(json, "model_uri", kSource);
  variant.image = field<std::string>(json, "image", kSource);
  variant.environment = field<std::map<std::string, std::string>>(json, "environment", kSource);
  variant.multi_model = field<bool>(json, "multi_model", kSource);
  variant.weight = field<double>(json, "weight", kSource);
  variant.instances = field<int>(json, "instances", kSource);
  variant.instance_type = field<std::string>(json, "instance_type", kSource);
  return variant;
}

Json json_of(const CaptureSpec& capture) {
  return {
      {"uri", capture.uri}, {"percentage", capture.percentage}, {"input", capture.input}, {"output", capture.output}};
}

CaptureSpec capture_from(const Json& json) {
  return {.uri = field<std::string>(json, "uri", kSource),
          .percentage = field<int>(json, "percentage", kSource),
          .input = field<bool>(json, "input", kSource),
          .output = field<bool>(json, "output", kSource)};
}

Json json_of(const DeploymentSpec& deployment) {
  return {{"shift", kShifts[static_cast<std::size_t>(deployment.shift)]},
          {"step_percent", deployment.step_percent},
          {"wait_seconds", deployment.wait_seconds},
          {"timeout_seconds", deployment.timeout_seconds},
          {"alarms", deployment.alarms}};
}

DeploymentSpec::Shift shift_from(const std::string& name) {
  for (std::size_t i = 0; i < kShifts.size(); ++i) {
    if (name == kShifts[i]) return static_cast<DeploymentSpec::Shift>(i);
  }
  fail(Kind::invalid, kSource, ": the shift ", name, " is none of ", join(kShifts, ", "));
}

DeploymentSpec deployment_from(const Json& json) {
  return {.shift = shift_from(field<std::string>(json, "shift", kSource)),
          .step_percent = field<int>(json, "step_percent", kSource),
          .wait_seconds = field<double>(json, "wait_seconds", kSource),
          .timeout_seconds = field<double>(json, "timeout_seconds", kSource),
          .alarms = field<std::vector<std::string>>(json, "alarms", kSource)};
}

}  // namespace

void to_json(Json& json, const EndpointSpec& spec) {
  json = {{"account", spec.account},
          {"region", spec.region},
          {"name", spec.name},
          {"arn", spec.arn},
          {"config", spec.config},
          {"variants", Json::array()},
          {"deployment", json_of(spec.deployment)},
          {"idle_seconds", spec.idle_seconds},
          {"keep_weights", spec.keep_weights}};
  for (const VariantSpec& variant : spec.variants) json["variants"].push_back(json_of(variant));
  if (spec.capture) json["capture"] = json_of(*spec.capture);
}

void from_json(const Json& json, EndpointSpec& spec) {
  spec = {};
  spec.account = field<std::string>(json, "account", kSource);
  spec.region = field<std::string>(json, "region", kSource);
  spec.name = field<std::string>(json, "name", kSource);
  spec.arn = field<std::string>(json, "arn", kSource);
  spec.config = field<std::string>(json, "config", kSource);
  for (const Json& variant : field<Json>(json, "variants", kSource)) spec.variants.push_back(variant_from(variant));
  if (json.contains("capture")) spec.capture = capture_from(json.at("capture"));
  spec.deployment = deployment_from(field<Json>(json, "deployment", kSource));
  spec.idle_seconds = field<double>(json, "idle_seconds", kSource);
  spec.keep_weights = field<bool>(json, "keep_weights", kSource);
}

}  // namespace graft
