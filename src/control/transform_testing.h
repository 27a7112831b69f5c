// A transform job in tests: what a user sends, and a model that answers.
#pragma once

#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "control/control_testing.h"
#include "control/resource.h"
#include "control/transform_plan.h"
#include "control/transform_work.h"

namespace graft {

inline Json transform_request() {
  return {{"TransformJobName", "t"},
          {"ModelName", "m"},
          {"TransformInput",
           {{"DataSource", {{"S3DataSource", {{"S3DataType", "S3Prefix"}, {"S3Uri", "s3://b/in/"}}}}},
            {"ContentType", "image/jpeg"}}},
          {"TransformOutput", {{"S3OutputPath", "s3://b/answers"}, {"Accept", "application/jsonlines"}}},
          {"TransformResources", {{"InstanceType", "ml.m5.large"}, {"InstanceCount", 1}}}};
}

inline Json csv_request() {
  Json request = transform_request();
  request["TransformInput"].update({{"ContentType", "text/csv"}, {"SplitType", "Line"}});
  request["TransformOutput"].update({{"Accept", "text/csv"}, {"AssembleWith", "Line"}});
  return request;
}

struct TransformTest : ControlTest {
  std::mutex mutex{};
  std::vector<std::string> asked{};
  TransformWork work{control};

  void SetUp() override {
    objects["s3://b/in/x/a.jpg"] = "A";
    objects["s3://b/in/b.jpg"] = "B";
    const auto list = outside.list_objects;
    outside.list_objects = [this, list](const std::string& account, const S3Path& path, std::size_t most) {
      const std::lock_guard lock(mutex);
      return list(account, path, most);
    };
    const auto get = outside.get_object;
    outside.get_object = [this, get](const std::string& account, const S3Path& path, std::uint64_t limit) {
      const std::lock_guard lock(mutex);
      return get(account, path, limit);
    };
    const auto put = outside.put_object;
    outside.put_object = [this, put](const std::string& account, const S3Path& path, ByteView content,
                                     const std::string& type) {
      const std::lock_guard lock(mutex);
      put(account, path, content, type);
    };
    answer_of_model = [this](const Request& request) {
      const std::lock_guard lock(mutex);
      asked.push_back(std::string(*find_header(request.headers, "Content-Type")) + " " +
                      std::string(as_text(request.body)));
      return Response{.body = "<" + std::string(as_text(request.body)) + ">"};
    };
    endpoints[transform_endpoint("t")] = {.status = EndpointState::Status::in_service};
    outside.transform_changed = [this](const std::string& account, const std::string& job) { work.look(account, job); };
    call("CreateModel",
         {{"ModelName", "m"}, {"PrimaryContainer", {{"Image", "graft"}, {"ModelDataUrl", "s3://b/out/model.tar.gz"}}}});
  }
  Json described() { return call("DescribeTransformJob", {{"TransformJobName", "t"}}); }
  // Until the job is over.
  Json ended() {
    for (int i = 0; i < 2000; ++i) {
      const Json answer = described();
      if (answer["TransformJobStatus"] != "InProgress" && answer["TransformJobStatus"] != "Stopping") return answer;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return described();
  }
};

}  // namespace graft
