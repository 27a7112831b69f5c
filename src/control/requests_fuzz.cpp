// A request to any operation of SageMaker is answered or refused: nothing is thrown but Error, and what was made can be
// described. Input: the operation's name, a line's end, JSON.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "control/sagemaker_service.h"

namespace {

using namespace graft;

// Takes everything and has everything.
Outside willing() {
  return {.submit_job = [](const JobSpec&) {},
          .stop_job = [](const std::string&, const std::string&) {},
          .erase_job = [](const std::string&, const std::string&) {},
          .apply_endpoint = [](const EndpointSpec&) {},
          .remove_endpoint = [](const std::string&, const std::string&) {},
          .endpoint_state = [](const std::string&, const std::string&) { return std::optional<EndpointState>(); },
          .invoke = [](const std::string&, const std::string&, const Request&) { return Response{}; },
          .list_objects = [](const std::string&, const S3Path& path,
                             std::size_t) { return std::vector<RemoteObject>{{.key = path.key, .size = 1}}; },
          .get_object = [](const std::string&, const S3Path&, std::uint64_t) { return Bytes{}; },
          .put_object = [](const std::string&, const S3Path&, ByteView, const std::string&) {},
          .log = [](const std::string&, const std::string&, const std::string&, const std::vector<std::string>&) {},
          .put_metric = [](const std::string&, const Metric&, double, double) {},
          .tuning_changed = [](const std::string&, const std::string&) {},
          .transform_changed = [](const std::string&, const std::string&) {}};
}

struct Plane {
  TemporaryFolder folder{};
  Records records{folder.path()};
  const Outside outside = willing();
  const Control control{records, outside};
  const aws::Service service = sagemaker_service(control);
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Plane plane;
  const Caller caller{.account = "123456789012", .user = "fuzz", .region = "us-west-2", .service = "sagemaker"};
  const std::string_view content(reinterpret_cast<const char*>(data), size);
  const std::size_t line = content.find('\n');
  if (line == std::string_view::npos) return 0;
  const std::string_view operation = content.substr(0, line);
  Json input;
  try {
    input = parse_json(content.substr(line + 1), "fuzz");
  } catch (const Error&) {
    return 0;
  }
  try {
    aws::call(plane.service, caller, operation, input);
    if (operation == "CreateTrainingJob") {
      aws::call(plane.service, caller, "DescribeTrainingJob", {{"TrainingJobName", input.at("TrainingJobName")}});
      aws::call(plane.service, caller, "ListTrainingJobs", Json::object());
    }
  } catch (const Error&) {
  }
  return 0;
}
