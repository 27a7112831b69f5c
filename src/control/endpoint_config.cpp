#include "control/endpoint_config.h"

#include <charconv>
#include <set>

#include "control/endpoint_fields.h"
#include "control/fields.h"
#include "control/model.h"
#include "control/resource.h"
#include "control/tags.h"
#include "control/training_fields.h"

namespace graft {
namespace {

// Without an instance that is paid for there is no reason to keep its process for ever.
constexpr double kServerlessIdleSeconds = 300;

void check_serverless(const Json& config, const std::string& at) {
  aws::integer_of(config, "MemorySizeInMB", {1024, 6144}, at);
  const auto most = aws::integer_of(config, "MaxConcurrency", {1, 200}, at);
  const auto provisioned = aws::integer_if(config, "ProvisionedConcurrency", {1, 200}, at);
  if (provisioned.value_or(0) > most) {
    throw validation_error("ProvisionedConcurrency must be less than or equal to MaxConcurrency");
  }
}

void check_variant(const Json& variant, const std::string& at) {
  aws::text_of(variant, "VariantName", fields::job_name(), at);
  aws::text_of(variant, "ModelName", fields::model_name(), at);
  aws::number_if(variant, "InitialVariantWeight", {0, 1e9}, at);
  if (variant.contains("ServerlessConfig")) {
    check_serverless(aws::object_of(variant, "ServerlessConfig", at), at + ".ServerlessConfig");
    if (variant.contains("InstanceType") || variant.contains("InitialInstanceCount")) {
      throw validation_error("A variant with a ServerlessConfig has no InstanceType and no InitialInstanceCount");
    }
    return;
  }
  aws::text_of(variant, "InstanceType", fields::instance_type(), at);
  aws::integer_of(variant, "InitialInstanceCount", {1, 100}, at);
}

void check_capture(const Json& capture) {
  const std::string at = "DataCaptureConfig";
  aws::flag_of(capture, "EnableCapture", true, at);
  aws::integer_of(capture, "InitialSamplingPercentage", {0, 100}, at);
  fields::s3_uri_of(capture, "DestinationS3Uri", at);
  const Json& options = aws::list_of(capture, "CaptureOptions", {.least = 1, .most = 32}, at);
  for (std::size_t i = 0; i < options.size(); ++i) {
    aws::text_of(options[i], "CaptureMode", {.one_of = {"Input", "Output", "InputAndOutput"}},
                 fields::member("DataCaptureConfig.CaptureOptions", i));
  }
}

void check_request(const Control& control, const Caller& caller, const Json& input) {
  aws::text_if(input, "ExecutionRoleArn", fields::role_arn());
  const Json& variants = aws::list_of(input, "ProductionVariants", {.least = 1, .most = 10});
  std::set<std::string> names;
  for (std::size_t i = 0; i < variants.size(); ++i) {
    check_variant(variants[i], fields::member("ProductionVariants", i));
    const std::string name = variants[i].at("VariantName");
    if (!names.insert(name).second)
      throw validation_error(text("Duplicate variant name ", name, " in ProductionVariants"));
  }
  if (input.contains("DataCaptureConfig")) check_capture(aws::object_of(input, "DataCaptureConfig"));
  for (const Json& variant : variants) {
    find_or_fail(control.records, caller, kModel, variant.at("ModelName").get<std::string>());
  }
}

Json create_endpoint_config(const Control& control, const Caller& caller, const Json& input) {
  const std::string name = aws::text_of(input, "EndpointConfigName", fields::job_name());
  if (control.records.find(caller.account, kEndpointConfig, name)) throw there_already(caller, kEndpointConfig, name);
  check_request(control, caller, input);
  const std::string arn = arn_of(caller, kEndpointConfig, name);
  Record config = new_record(caller, kEndpointConfig, name, input);
  config.document["EndpointConfigArn"] = arn;
  for (Json& variant : config.document["ProductionVariants"]) variant.emplace("InitialVariantWeight", 1.0);
  endpoint_spec(control, caller, name, config);  // its idle time may be no number
  create_or_fail(control.records, caller, config);
  return {{"EndpointConfigArn", arn}};
}

Json describe_endpoint_config(const Control& control, const Caller& caller, const Json& input) {
  return described(find_or_fail(control.records, caller, kEndpointConfig,
                                aws::text_of(input, "EndpointConfigName", fields::job_name())));
}

Json list_endpoint_configs(const Control& control, const Caller& caller, const Json& input) {
  return list_records(control.records, caller, kEndpointConfig, input, "EndpointConfigs", [&](const Record& config) {
    return summary_of(config, {"EndpointConfigName", "EndpointConfigArn"});
  });
}

Json delete_endpoint_config(const Control& control, const Caller& caller, const Json& input) {
  const std::string name = aws::text_of(input, "EndpointConfigName", fields::job_name());
  erase_or_fail(control.records, caller, kEndpointConfig, name);
  return nullptr;
}

double seconds_in(const std::string& value, std::string_view where) {
  double seconds = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (error != std::errc() || end != value.data() + value.size() || !(seconds >= 0 && seconds <= 1e9)) {
    throw validation_error(text("The ", where, " \"", value.substr(0, 100), "\" is no number of seconds"));
  }
  return seconds;
}

// The tag decides, then the variants' environment (the longest), then whether one of them is serverless.
double idle_seconds_of(const Record& config, const EndpointSpec& spec) {
  if (const auto tag = tag_of(config, "graft:idle-seconds")) return seconds_in(*tag, "tag graft:idle-seconds");
  std::optional<double> longest;
  for (const VariantSpec& variant : spec.variants) {
    const auto found = variant.environment.find("GRAFT_IDLE_SECONDS");
    if (found == variant.environment.end()) continue;
    longest = std::max(longest.value_or(0), seconds_in(found->second, "variable GRAFT_IDLE_SECONDS"));
  }
  if (longest) return *longest;
  for (const Json& variant : config.document.at("ProductionVariants")) {
    if (!variant.contains("ServerlessConfig")) return 0;
    if (variant.at("ServerlessConfig").contains("ProvisionedConcurrency")) return 0;
  }
  return kServerlessIdleSeconds;
}

std::optional<CaptureSpec> capture_of(const Json& document) {
  const Json& capture = aws::object_of(document, "DataCaptureConfig");
  if (capture.empty() || !capture.value("EnableCapture", true)) return {};
  CaptureSpec spec{.uri = capture.at("DestinationS3Uri"),
                   .percentage = capture.at("InitialSamplingPercentage"),
                   .input = false,
                   .output = false};
  for (const Json& option : capture.at("CaptureOptions")) {
    const std::string mode = option.at("CaptureMode");
    spec.input |= mode != "Output";
    spec.output |= mode != "Input";
  }
  return spec;
}

}  // namespace

EndpointSpec endpoint_spec(const Control& control, const Caller& caller, const std::string& name,
                           const Record& config) {
  EndpointSpec spec{.account = caller.account,
                    .region = caller.region,
                    .name = name,
                    .arn = arn_of(caller, kEndpoint, name),
                    .config = config.name,
                    .capture = capture_of(config.document)};
  for (const Json& variant : config.document.at("ProductionVariants")) {
    VariantSpec made = variant_of_model(control, caller, variant.at("ModelName"));
    made.name = variant.at("VariantName");
    made.weight = variant.at("InitialVariantWeight");
    made.instances = variant.value("InitialInstanceCount", 1);
    made.instance_type = variant.value("InstanceType", "");
    spec.variants.push_back(std::move(made));
  }
  spec.idle_seconds = idle_seconds_of(config, spec);
  return spec;
}

std::vector<aws::Operation> endpoint_config_operations(const Control& control) {
  return {
      {"CreateEndpointConfig", create_endpoint_config_fields(), bound(control, create_endpoint_config)},
      {"DescribeEndpointConfig",
       {{"EndpointConfigName", aws::Support::done}},
       bound(control, describe_endpoint_config)},
      {"ListEndpointConfigs", list_fields(false), bound(control, list_endpoint_configs)},
      {"DeleteEndpointConfig", {{"EndpointConfigName", aws::Support::done}}, bound(control, delete_endpoint_config)}};
}

}  // namespace graft
