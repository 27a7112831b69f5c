#include "control/transform_capture.h"

#include <cmath>

#include "base/json.h"
#include "identity/time_text.h"

namespace graft {
namespace {

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
std::string hour_of(double seconds) {
  std::string hour = "/" + readable_time(static_cast<std::int64_t>(std::floor(seconds))).substr(0, 13) + "/";
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

}  // namespace

std::vector<TransformCapture> captures_of(const TransformPlan& plan, const std::vector<TransformInput>& inputs,
                                          const std::string& job, double start) {
  std::vector<S3Path> asked, answers;
  for (const TransformInput& input : inputs) {
    asked.push_back(input.path);
    answers.push_back(output_of(plan, input));
  }
  const auto place_of = [&](const char* kind) {
    S3Path path = *plan.capture;
    if (!path.key.empty() && !path.key.ends_with('/')) path.key += '/';
    path.key += text(kind, hour_of(start), job, ".json");
    return path;
  };
  const S3Path outputs = folder_of(output_of(plan, {}));
  return {{place_of("input"), manifest_of(folder_of(plan.input), asked)},
          {place_of("output"), manifest_of(outputs, answers)}};
}

}  // namespace graft
