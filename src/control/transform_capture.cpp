#include "control/transform_capture.h"

#include "base/json.h"
#include "control/fields.h"
#include "control/resource.h"
#include "hosting/unique_id.h"
#include "identity/time_text.h"

namespace graft {
namespace {

constexpr const char* kCsv = "text/csv";

// [{"prefix": "s3://b/in/"}, "x/1.jpg", ..]. Objects of a manifest may lie in several buckets: each begins with a
// prefix of its own.
std::string manifest_of(S3Path prefix, const std::vector<S3Path>& paths) {
  Json manifest = Json::array();
  const auto begin = [&] { manifest.push_back({{"prefix", name(prefix)}}); };
  for (const S3Path& path : paths) {
    const bool below = path.bucket == prefix.bucket && path.key.starts_with(prefix.key);
    if (!below) prefix = {path.bucket, ""};
    if (!below || manifest.empty()) begin();
    manifest.push_back(path.key.substr(prefix.key.size()));
  }
  if (manifest.empty()) begin();
  return manifest.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

// "/2022/08/26/13/"
std::string hour_of(std::int64_t seconds) {
  std::string hour = "/" + readable_time(seconds).substr(0, 13) + "/";
  for (char& c : hour) {
    if (c == '-' || c == 'T') c = '/';
  }
  return hour;
}

// The folder of a prefix, which need not end with one.
S3Path folder_of(S3Path path) {
  const std::size_t slash = path.key.rfind('/');
  path.key.resize(slash == std::string::npos ? 0 : slash + 1);
  return path;
}

// The fields behind those of the object, whose text stays as it is.
std::string object_with_id(std::string_view object, const std::string& time) {
  const Json json = parse_json(object, "an answer");
  require(json.is_object(), "an answer is no JSON object: there is no place in it for an inference id");
  object = object.substr(0, object.rfind('}'));
  return text(object, json.empty() ? "" : ", ", R"("SageMakerInferenceId": ")", unique_id(),
              R"(", "SageMakerInferenceTime": ")", time, "\"}");
}

}  // namespace

void check_capture(const Json& request) {
  const std::string at = "DataCaptureConfig";
  if (!request.contains(at)) return;
  const Json& config = aws::object_of(request, at);
  fields::s3_uri_of(config, "DestinationS3Uri", at);
  if (!aws::flag_of(config, "GenerateInferenceId", false, at)) return;
  const std::string accept = request.at("TransformOutput").value("Accept", "");
  if (accept != kCsv && accept != "application/json" && accept != "application/jsonlines") {
    throw validation_error(
        text("With GenerateInferenceId Accept must be text/csv, application/json or application/jsonlines, and not \"",
             accept, "\""));
  }
}

std::string with_inference_ids(const TransformPlan& plan, std::string_view answers) {
  const std::string time = readable_time(plan.start);
  const bool csv = plan.accept == kCsv;
  // JSON in several lines is one record.
  if (!csv && Json::accept(answers)) return object_with_id(answers, time) + (answers.ends_with('\n') ? "\n" : "");
  std::string all;
  while (!answers.empty()) {
    std::string_view line = answers.substr(0, answers.find('\n'));
    answers.remove_prefix(std::min(answers.size(), line.size() + 1));
    line = line.substr(0, line.find_last_not_of(" \t\r") + 1);
    if (line.empty()) continue;
    all += (csv ? text(line, ',', unique_id(), ',', time) : object_with_id(line, time)) + '\n';
  }
  return all;
}

std::vector<TransformCapture> captures_of(const TransformPlan& plan, const std::vector<TransformInput>& inputs,
                                          const std::string& job) {
  std::vector<S3Path> asked, answers;
  for (const TransformInput& input : inputs) {
    asked.push_back(input.path);
    answers.push_back(output_of(plan, input));
  }
  const auto place_of = [&](const char* kind) {
    S3Path path = *plan.capture;
    if (!path.key.empty() && !path.key.ends_with('/')) path.key += '/';
    path.key += text(kind, hour_of(plan.start), job, ".json");
    return path;
  };
  const S3Path outputs = folder_of(output_of(plan, {}));
  return {{place_of("input"), manifest_of(folder_of(plan.input), asked)},
          {place_of("output"), manifest_of(outputs, answers)}};
}

}  // namespace graft
