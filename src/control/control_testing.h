// SageMaker's operations for tests, with stand-ins for the runner, hosting and the object store that note what they are
// asked.
#pragma once

#include <gmock/gmock.h>

#include <map>
#include <string>
#include <vector>

#include "base/file.h"
#include "control/sagemaker_service.h"
#include "watch/service_testing.h"

namespace graft {

struct ControlTest : testing::Test {
  const Caller caller{.account = "123456789012", .user = "admin", .region = "us-west-2", .service = "sagemaker"};
  const Caller stranger{.account = "999999999999", .user = "other", .region = "us-west-2", .service = "sagemaker"};

  TemporaryFolder folder{};
  Records records{folder.path()};

  std::vector<JobSpec> submitted{};
  std::vector<std::string> stopped{}, erased{}, removed{}, tunings{}, transforms{};
  std::vector<EndpointSpec> applied{};
  std::map<std::string, EndpointState> endpoints{};
  std::function<Response(const Request&)> answer_of_model = [](const Request&) { return Response{}; };
  std::map<std::string, std::string> objects{{"s3://b/train/a.jpg", "1"}, {"s3://b/out/model.tar.gz", "2"}};
  std::map<std::string, std::vector<std::string>> logs{};
  std::vector<std::pair<Metric, double>> metrics{};

  Outside outside = make_outside();
  Control control{records, outside};
  aws::Service service = sagemaker_service(control);

  Json call(std::string_view operation, Json input, const Caller& who) {
    return aws::call(service, who, operation, std::move(input));
  }
  Json call(std::string_view operation, Json input) { return call(operation, std::move(input), caller); }

  // "Code: message" of what the call throws; empty when it throws nothing.
  std::string refusal(std::string_view operation, const Json& input, const Caller& who) {
    return graft::refusal(service, who, operation, input);
  }
  std::string refusal(std::string_view operation, const Json& input) { return refusal(operation, input, caller); }

 private:
  std::vector<RemoteObject> list(const S3Path& path, std::size_t most) {
    std::vector<RemoteObject> found;
    for (const auto& [uri, content] : objects) {
      if (uri.starts_with(graft::name(path)) && found.size() < most) {
        found.push_back({.key = parse_s3(uri).key, .size = content.size()});
      }
    }
    return found;
  }
  Outside make_outside() {
    return {
        .submit_job = [this](const JobSpec& spec) { submitted.push_back(spec); },
        .stop_job = [this](const std::string&, const std::string& job) { stopped.push_back(job); },
        .erase_job = [this](const std::string&, const std::string& job) { erased.push_back(job); },
        .apply_endpoint = [this](const EndpointSpec& spec) { applied.push_back(spec); },
        .remove_endpoint = [this](const std::string&, const std::string& endpoint) { removed.push_back(endpoint); },
        .endpoint_state =
            [this](const std::string&, const std::string& endpoint) {
              const auto found = endpoints.find(endpoint);
              return found == endpoints.end() ? std::optional<EndpointState>() : found->second;
            },
        .invoke = [this](const std::string&, const std::string&,
                         const Request& request) { return answer_of_model(request); },
        .list_objects = [this](const std::string&, const S3Path& path, std::size_t most) { return list(path, most); },
        .get_object =
            [this](const std::string&, const S3Path& path, std::uint64_t) {
              const auto found = objects.find(graft::name(path));
              if (found == objects.end()) fail(Kind::not_found, "there is no ", graft::name(path));
              const ByteView bytes = as_bytes(found->second);
              return Bytes(bytes.begin(), bytes.end());
            },
        .put_object = [this](const std::string&, const S3Path& path, ByteView content,
                             const std::string&) { objects[graft::name(path)] = as_text(content); },
        .log =
            [this](const std::string&, const std::string& group, const std::string& stream,
                   const std::vector<std::string>& lines) {
              auto& all = logs[group + " " + stream];
              all.insert(all.end(), lines.begin(), lines.end());
            },
        .put_metric = [this](const std::string&, const Metric& metric, double,
                             double value) { metrics.emplace_back(metric, value); },
        .tuning_changed = [this](const std::string&, const std::string& job) { tunings.push_back(job); },
        .transform_changed = [this](const std::string&, const std::string& job) { transforms.push_back(job); },
    };
  }
};

// CreateTrainingJob's request as a user sends it.
inline Json training_request(const std::string& name = "job") {
  return {
      {"TrainingJobName", name},
      {"AlgorithmSpecification",
       {{"TrainingImage", "433757028032.dkr.ecr.us-west-2.amazonaws.com/image-classification:1"},
        {"TrainingInputMode", "File"}}},
      {"RoleArn", "arn:aws:iam::123456789012:role/trainer"},
      {"InputDataConfig",
       Json::array({{{"ChannelName", "train"},
                     {"DataSource", {{"S3DataSource", {{"S3DataType", "S3Prefix"}, {"S3Uri", "s3://b/train"}}}}}}})},
      {"OutputDataConfig", {{"S3OutputPath", "s3://b/out"}}},
      {"ResourceConfig", {{"InstanceType", "ml.m5.large"}, {"InstanceCount", 1}, {"VolumeSizeInGB", 30}}},
      {"StoppingCondition", {{"MaxRuntimeInSeconds", 3600}}},
      {"HyperParameters", {{"epochs", "3"}}},
      {"Tags", Json::array({{{"Key", "team"}, {"Value", "fruit"}}})}};
}

}  // namespace graft
