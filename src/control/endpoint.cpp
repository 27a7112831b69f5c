#include "control/endpoint.h"

#include <mutex>
#include <set>

#include "base/log.h"
#include "base/words.h"
#include "control/endpoint_config.h"
#include "control/endpoint_deployment.h"
#include "control/endpoint_description.h"
#include "control/endpoint_fields.h"
#include "control/fields.h"
#include "control/model.h"
#include "control/resource.h"
#include "control/tags.h"
#include "control/training_events.h"
#include "control/training_fields.h"

namespace graft {
namespace {

// An endpoint's record and what hosting is told of it change as one: else one that is deleted meanwhile would be served
// for ever.
std::mutex changing;

const char* word_of(EndpointState::Status status) {
  switch (status) {
    case EndpointState::Status::creating:
      return "Creating";
    case EndpointState::Status::updating:
      return "Updating";
    case EndpointState::Status::in_service:
      return "InService";
    case EndpointState::Status::rolling_back:
      return "RollingBack";
    case EndpointState::Status::failed:
      return "Failed";
    case EndpointState::Status::deleting:
      return "Deleting";
  }
  return "OutOfService";
}

void fail_if_busy(const Record& endpoint) {
  if (endpoint.status == "InService" || endpoint.status == "Failed") return;
  throw validation_error(
      text("Cannot update in-progress endpoint \"", endpoint.document.at("EndpointArn").get<std::string>(), "\"."));
}

int instances_of(const EndpointSpec& spec) {
  int instances = 0;
  for (const VariantSpec& variant : spec.variants) instances += variant.instances;
  return instances;
}

// The configuration that a request names, as an endpoint.
EndpointSpec wanted(const Control& control, const Caller& caller, const Json& input, const Json& deployment) {
  const std::string name = aws::text_of(input, "EndpointName", fields::job_name());
  const std::string config_name = aws::text_of(input, "EndpointConfigName", fields::job_name());
  const Record config = find_or_fail(control.records, caller, kEndpointConfig, config_name);
  EndpointSpec spec = endpoint_spec(control, caller, name, config);
  spec.deployment = deployment_of(deployment, instances_of(spec));
  return spec;
}

// By model: its image as CreateModel had it, for a time when the model is gone.
Json images_of(const Control& control, const Caller& caller, const EndpointSpec& spec) {
  Json images = Json::object();
  for (const VariantSpec& variant : spec.variants) {
    images[variant.model] = image_of_model(find_or_fail(control.records, caller, kModel, variant.model));
  }
  return images;
}

Json create_endpoint(const Control& control, const Caller& caller, const Json& input) {
  const std::string name = aws::text_of(input, "EndpointName", fields::job_name());
  if (control.records.find(caller.account, kEndpoint, name)) throw there_already(caller, kEndpoint, name);
  const Json& deployment = aws::object_of(input, "DeploymentConfig");
  const EndpointSpec spec = wanted(control, caller, input, deployment);
  Record endpoint = new_record(caller, kEndpoint, name, input);
  endpoint.status = "Creating";
  endpoint.document = {{"EndpointName", name}, {"EndpointArn", spec.arn}, {"EndpointConfigName", spec.config}};
  if (!deployment.empty()) endpoint.document["LastDeploymentConfig"] = deployment;
  endpoint.inner.update({{"Spec", spec}, {"Images", images_of(control, caller, spec)}});
  const std::lock_guard lock(changing);
  create_or_fail(control.records, caller, endpoint);
  try {
    control.outside.apply_endpoint(spec);
  } catch (const std::exception&) {
    control.records.erase(caller.account, kEndpoint, name);
    throw;
  }
  return {{"EndpointArn", spec.arn}};
}

Json describe(const Control& control, const Caller& caller, const Json& input) {
  const std::string name = aws::text_of(input, "EndpointName", fields::job_name());
  const Record endpoint = find_or_fail(control.records, caller, kEndpoint, name);
  return describe_endpoint(endpoint, control.outside.endpoint_state(caller.account, name));
}

Json list_endpoints(const Control& control, const Caller& caller, const Json& input) {
  return list_records(control.records, caller, kEndpoint, input, "Endpoints", [&](const Record& endpoint) {
    return summary_of(endpoint, {"EndpointName", "EndpointArn"}, "EndpointStatus");
  });
}

Json delete_endpoint(const Control& control, const Caller& caller, const Json& input) {
  const std::string name = aws::text_of(input, "EndpointName", fields::job_name());
  const std::lock_guard lock(changing);
  const bool there =
      control.records.update(caller.account, kEndpoint, name, [](Record& endpoint) { endpoint.status = "Deleting"; });
  if (!there) throw missing(caller, kEndpoint, name);
  control.outside.remove_endpoint(caller.account, name);
  control.records.erase(caller.account, kEndpoint, name);
  return nullptr;
}

// RetainAllVariantProperties: what the variants of the same name were set to is kept.
void retain(EndpointSpec& spec, const EndpointSpec& before, const Json& input) {
  if (!aws::flag_of(input, "RetainAllVariantProperties")) return;
  std::set<std::string> excluded;
  for (const Json& property : aws::list_of(input, "ExcludeRetainedVariantProperties", {.most = 3})) {
    excluded.insert(aws::text_of(property, "VariantPropertyType",
                                 {.one_of = {"DesiredInstanceCount", "DesiredWeight", "DataCaptureConfig"}},
                                 "ExcludeRetainedVariantProperties"));
  }
  for (VariantSpec& variant : spec.variants) {
    for (const VariantSpec& old : before.variants) {
      if (old.name != variant.name) continue;
      if (!excluded.contains("DesiredWeight")) variant.weight = old.weight;
      if (!excluded.contains("DesiredInstanceCount")) variant.instances = old.instances;
    }
  }
  if (!excluded.contains("DataCaptureConfig")) spec.capture = before.capture;
}

// Hosting did not take the change: the endpoint is what it was before.
void undo_change(const Control& control, const Record& before, const std::string& reason) {
  control.records.update(before.account, kEndpoint, before.name, [&](Record& endpoint) {
    endpoint.status = before.status;
    endpoint.inner = before.inner;
    endpoint.document = before.document;
    endpoint.document["FailureReason"] = cut(reason, 1024);
  });
}

// Changes what the endpoint is to be, as one step, unless it is busy, and tells hosting.
Json change_endpoint(const Control& control, const Caller& caller, const std::string& name,
                     const std::function<EndpointSpec(Record&)>& change) {
  EndpointSpec spec;
  Record before;
  const std::lock_guard lock(changing);
  const bool there = control.records.update(caller.account, kEndpoint, name, [&](Record& endpoint) {
    fail_if_busy(endpoint);
    before = endpoint;
    spec = change(endpoint);
    endpoint.status = "Updating";
    endpoint.inner["Spec"] = spec;
    endpoint.document.erase("FailureReason");
  });
  if (!there) throw missing(caller, kEndpoint, name);
  try {
    control.outside.apply_endpoint(spec);
  } catch (const std::exception& error) {
    undo_change(control, before, error.what());
    throw;
  }
  return {{"EndpointArn", spec.arn}};
}

Json update_endpoint(const Control& control, const Caller& caller, const Json& input) {
  const std::string name = aws::text_of(input, "EndpointName", fields::job_name());
  const Record endpoint = find_or_fail(control.records, caller, kEndpoint, name);
  fail_if_busy(endpoint);
  Json deployment = aws::object_of(input, "DeploymentConfig");
  if (aws::flag_of(input, "RetainDeploymentConfig") && endpoint.document.contains("LastDeploymentConfig")) {
    deployment = endpoint.document.at("LastDeploymentConfig");
  }
  EndpointSpec spec = wanted(control, caller, input, deployment);
  const Json images = images_of(control, caller, spec);
  return change_endpoint(control, caller, name, [&](Record& record) {
    spec.arn = record.document.at("EndpointArn");
    retain(spec, record.inner.at("Spec").get<EndpointSpec>(), input);
    record.document.erase("LastDeploymentConfig");
    if (!deployment.empty()) record.document["LastDeploymentConfig"] = deployment;
    record.inner["Images"].update(images);
    return spec;
  });
}

Json update_weights(const Control& control, const Caller& caller, const Json& input) {
  const std::string name = aws::text_of(input, "EndpointName", fields::job_name());
  const Json& desired = aws::list_of(input, "DesiredWeightsAndCapacities", {.least = 1, .most = 10});
  return change_endpoint(control, caller, name, [&](Record& endpoint) {
    auto spec = endpoint.inner.at("Spec").get<EndpointSpec>();
    for (std::size_t i = 0; i < desired.size(); ++i) {
      const std::string at = fields::member("DesiredWeightsAndCapacities", i);
      const std::string variant = aws::text_of(desired[i], "VariantName", fields::job_name(), at);
      const auto found = std::find_if(spec.variants.begin(), spec.variants.end(),
                                      [&](const VariantSpec& one) { return one.name == variant; });
      if (found == spec.variants.end()) {
        throw validation_error(
            text("The variant name(s) \"", variant, "\" is/are not present within endpoint \"", spec.arn, "\"."));
      }
      found->weight = aws::number_if(desired[i], "DesiredWeight", {0, 1e9}, at).value_or(found->weight);
      found->instances = static_cast<int>(
          aws::integer_if(desired[i], "DesiredInstanceCount", {1, 100}, at).value_or(found->instances));
    }
    return spec;
  });
}

// As before the platform ended: what served serves again, and becomes then what it was to become, unless it was on its
// way back.
void resume(const Control& control, const Record& endpoint) {
  const Json& inner = endpoint.inner;
  auto spec = inner.at("Spec").get<EndpointSpec>();
  if (!inner.contains("Before")) return control.outside.apply_endpoint(spec);
  auto before = inner.at("Before").get<EndpointSpec>();
  spec.returns = before.returns = true;
  const bool pending = before.config != spec.config;
  if (pending) control.outside.apply_endpoint(before);
  if (!pending || endpoint.status != "RollingBack") return control.outside.apply_endpoint(spec);
  control.records.update(endpoint.account, kEndpoint, endpoint.name,
                         [](Record& record) { record.inner["Spec"] = record.inner["Before"]; });
}

}  // namespace

void record_endpoint_state(const Control& control, const EndpointState& state) {
  control.records.update(state.account, kEndpoint, state.name, [&](Record& endpoint) {
    if (endpoint.status == "Deleting" || state.status == EndpointState::Status::deleting) return;
    Json& inner = endpoint.inner;
    const bool in_service = state.status == EndpointState::Status::in_service;
    const bool wanted = inner["Spec"]["config"] == state.config;
    const bool rolled_back = endpoint.status == "RollingBack" || !state.failure.empty();
    if (in_service && !wanted && !rolled_back) return;  // said before the update reached hosting
    endpoint.status = word_of(state.status);
    if (!state.failure.empty()) endpoint.document["FailureReason"] = cut(state.failure, 1024);
    if (state.status == EndpointState::Status::creating && inner.contains("Before")) {
      endpoint.status = "SystemUpdating";  // it is started again after the platform was
    }
    if (!in_service) return;
    if (state.failure.empty()) endpoint.document.erase("FailureReason");
    if (wanted) {
      inner["Before"] = inner["Spec"];
    } else if (inner.contains("Before")) {
      inner["Spec"] = inner["Before"];
    }
    endpoint.document["EndpointConfigName"] = state.config;
  });
}

void resume_endpoints(const Control& control) {
  for (const Record& endpoint : control.records.in_status(kEndpoint, "Deleting")) {
    control.outside.remove_endpoint(endpoint.account, endpoint.name);
    control.records.erase(endpoint.account, kEndpoint, endpoint.name);
  }
  for (const char* status : {"Creating", "Updating", "SystemUpdating", "RollingBack", "InService"}) {
    for (const Record& endpoint : control.records.in_status(kEndpoint, status)) {
      try {
        resume(control, endpoint);
      } catch (const std::exception& error) {
        spdlog::warn("the endpoint {} cannot be started: {}", endpoint.name, error.what());
        control.records.update(endpoint.account, kEndpoint, endpoint.name, [&](Record& record) {
          record.status = "Failed";
          record.document["FailureReason"] = cut(error.what(), 1024);
        });
      }
    }
  }
}

std::vector<aws::Operation> endpoint_operations(const Control& control) {
  return {{"CreateEndpoint", create_endpoint_fields(), bound(control, create_endpoint)},
          {"DescribeEndpoint", {{"EndpointName", aws::Support::done}}, bound(control, describe)},
          {"ListEndpoints", list_fields(true), bound(control, list_endpoints)},
          {"UpdateEndpoint", update_endpoint_fields(), bound(control, update_endpoint)},
          {"UpdateEndpointWeightsAndCapacities", update_weights_fields(), bound(control, update_weights)},
          {"DeleteEndpoint", {{"EndpointName", aws::Support::done}}, bound(control, delete_endpoint)}};
}

}  // namespace graft
