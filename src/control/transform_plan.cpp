#include "control/transform_plan.h"

#include "base/json.h"

namespace graft {
namespace {

constexpr std::string_view kEndpointPrefix = "transform_";
constexpr std::size_t kMegabyte = 1 << 20;

// The part of a key that its output is named by: what comes behind the prefix, as far as that names a folder.
std::string_view relative(std::string_view prefix, std::string_view key) {
  if (prefix.empty() || prefix.ends_with('/')) return key.substr(prefix.size());
  if (key.size() > prefix.size() && key[prefix.size()] == '/') return key.substr(prefix.size() + 1);
  const std::size_t slash = prefix.rfind('/');
  return slash == std::string_view::npos ? key : key.substr(slash + 1);
}

void check_size(const TransformPlan& plan, std::string_view request) {
  require(request.size() <= plan.most_payload, "a request of ", request.size(), " bytes is more than MaxPayloadInMB (",
          plan.most_payload / kMegabyte, ") lets: give a larger one, or the SplitType Line");
}

}  // namespace

std::string transform_endpoint(const std::string& job) {
  return std::string(kEndpointPrefix) + job;
}

std::string job_of_endpoint(const std::string& endpoint) {
  return endpoint.starts_with(kEndpointPrefix) ? endpoint.substr(kEndpointPrefix.size()) : "";
}

std::string transform_uri(const Json& request) {
  return request.at("TransformInput").at("DataSource").at("S3DataSource").at("S3Uri");
}

TransformPlan transform_plan(const Json& request) {
  const Json& input = request.at("TransformInput");
  const Json& output = request.at("TransformOutput");
  TransformPlan plan{.input = parse_s3(transform_uri(request)),
                     .output = parse_s3(output.at("S3OutputPath").get<std::string>()),
                     .manifest = input.at("DataSource").at("S3DataSource").at("S3DataType") == "ManifestFile",
                     .gzip = input.value("CompressionType", "None") == "Gzip",
                     .content_type = input.value("ContentType", ""),
                     .accept = output.value("Accept", ""),
                     .by_line = input.value("SplitType", "None") == "Line",
                     .many_lines = request.value("BatchStrategy", "MultiRecord") == "MultiRecord",
                     .newline_after = output.value("AssembleWith", "None") == "Line"};
  if (request.contains("MaxPayloadInMB")) {
    const auto megabytes = request.at("MaxPayloadInMB").get<std::size_t>();
    plan.most_payload = (megabytes == 0 ? 100 : megabytes) * kMegabyte;
  }
  if (const int concurrent = request.value("MaxConcurrentTransforms", 0); concurrent > 0) plan.concurrent = concurrent;
  if (request.contains("ModelClientConfig")) {
    plan.retries = request.at("ModelClientConfig").value("InvocationsMaxRetries", plan.retries);
  }
  plan.filter = transform_filter(request);
  if (request.contains("DataCaptureConfig")) {
    const Json& capture = request.at("DataCaptureConfig");
    plan.capture = parse_s3(capture.at("DestinationS3Uri").get<std::string>());
    plan.inference_ids = capture.value("GenerateInferenceId", false);
  }
  return plan;
}

TransformInput input_of(const TransformPlan& plan, const std::string& key, std::optional<std::uint64_t> size) {
  return {{plan.input.bucket, key}, std::string(relative(plan.input.key, key)), size};
}

S3Path output_of(const TransformPlan& plan, const TransformInput& input) {
  S3Path path = plan.output;
  if (!path.key.empty() && !path.key.ends_with('/')) path.key += '/';
  path.key += input.name;
  path.key += ".out";
  return path;
}

std::vector<std::string_view> requests_of(const TransformPlan& plan, std::string_view content) {
  if (!plan.by_line) {
    check_size(plan, content);
    return {content};
  }
  std::vector<std::string_view> requests;
  std::string_view rest = content, growing;  // the request that further lines are added to
  while (!rest.empty()) {
    const std::size_t newline = rest.find('\n');
    const std::string_view line = rest.substr(0, newline == std::string_view::npos ? rest.size() : newline + 1);
    rest.remove_prefix(line.size());
    if (!plan.many_lines) {
      const std::string_view record = line.substr(0, line.find_last_not_of("\r\n") + 1);
      check_size(plan, record);
      if (!record.empty()) requests.push_back(record);
      continue;
    }
    check_size(plan, line);
    if (growing.size() + line.size() > plan.most_payload) {
      requests.push_back(growing);
      growing = {};
    }
    // Lines lie side by side, so a request is a part of the content.
    growing = growing.empty() ? line : std::string_view(growing.data(), growing.size() + line.size());
  }
  if (!growing.empty()) requests.push_back(growing);
  return requests;
}

}  // namespace graft
