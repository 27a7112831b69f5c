// What an endpoint is to be, and what it is, as values.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json_forward.h"

namespace graft {

struct VariantSpec {
  std::string name{};       // "AllTraffic"
  std::string model{};      // its name
  std::string model_uri{};  // s3://.../model.tar.gz, or a prefix with many of them where multi_model
  std::string image{};
  std::map<std::string, std::string> environment{};
  bool multi_model = false;
  double weight = 1;
  int instances = 1;
  std::string instance_type{};
};

struct CaptureSpec {
  std::string uri{};
  int percentage = 100;
  bool input = true, output = true;
};

// How new variants take over from those that are there.
struct DeploymentSpec {
  enum class Shift { all_at_once, canary, linear } shift = Shift::all_at_once;
  int step_percent = 100;   // of the first step (canary) or of each (linear)
  double wait_seconds = 0;  // baking time of a step
  double timeout_seconds = 14400;
  std::vector<std::string> alarms{};  // by name: rolled back when one is in alarm during the shift
};

struct EndpointSpec {
  std::string account{}, region{}, name{}, arn{}, config{};
  std::vector<VariantSpec> variants{};
  std::optional<CaptureSpec> capture{};
  DeploymentSpec deployment{};
  double idle_seconds = 0;    // without requests for so long its processes end, until the next request; 0: never
  bool keep_weights = false;  // RetainAllVariantProperties
  bool returns = false;       // it served before this platform was started: requests wait for it. Not kept in JSON
};

struct VariantState {
  std::string name{};
  double current_weight = 0, desired_weight = 0;
  int current_instances = 0, desired_instances = 0;
};

struct EndpointState {
  enum class Status { creating, updating, in_service, rolling_back, failed, deleting };
  std::string account{}, name{}, config{};
  Status status = Status::creating;
  std::string failure{};
  std::vector<VariantState> variants{};
};

void to_json(Json& json, const EndpointSpec& spec);
void from_json(const Json& json, EndpointSpec& spec);

}  // namespace graft
