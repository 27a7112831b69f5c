#include "control/transform_capture.h"

#include "base/json.h"
#include "control/transform_testing.h"
#include "identity/time_text.h"

namespace graft {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

TEST_F(TransformTest, ListsWhatWasCaptured) {
  Json request = transform_request();
  request["DataCaptureConfig"] = {{"DestinationS3Uri", "s3://b/captured"}};
  call("CreateTransformJob", request);
  work.start();
  EXPECT_EQ(ended()["TransformJobStatus"], "Completed");
  EXPECT_EQ(described()["DataCaptureConfig"], request["DataCaptureConfig"]);
  const auto start = described()["TransformStartTime"].get<std::int64_t>();
  const std::string time = readable_time(start);
  const std::string hour =
      text("/", time.substr(0, 4), "/", time.substr(5, 2), "/", time.substr(8, 2), "/", time.substr(11, 2), "/t.json");
  EXPECT_EQ(objects["s3://b/captured/input" + hour], "[{\"prefix\":\"s3://b/in/\"},\"b.jpg\",\"x/a.jpg\"]\n");
  EXPECT_EQ(objects["s3://b/captured/output" + hour],
            "[{\"prefix\":\"s3://b/answers/\"},\"b.jpg.out\",\"x/a.jpg.out\"]\n");
}

TEST(TransformCapture, ListsObjectsOfSeveralBuckets) {
  const TransformPlan plan{
      .input = {"b", "in/lists"}, .output = {"o", ""}, .capture = S3Path{"c", ""}, .start = 1661518800};
  const auto lists = captures_of(plan, {{{"b", "in/a"}, "a"}, {{"x", "in/b"}, "b"}}, "j");
  ASSERT_EQ(lists.size(), 2U);
  EXPECT_EQ(name(lists[0].path), "s3://c/input/2022/08/26/13/j.json");
  EXPECT_EQ(lists[0].content, "[{\"prefix\":\"s3://b/in/\"},\"a\",{\"prefix\":\"s3://x/\"},\"in/b\"]\n");
  EXPECT_EQ(lists[1].content, "[{\"prefix\":\"s3://o/\"},\"a.out\",\"b.out\"]\n");
}

TEST_F(TransformTest, GivesEachRecordAnId) {
  objects.erase("s3://b/in/b.jpg");
  objects["s3://b/in/x/a.jpg"] = "1\n2\n";
  answer_of_model = [](const Request& request) { return Response{.body = std::string(as_text(request.body))}; };
  Json request = csv_request();
  request["DataCaptureConfig"] = {{"DestinationS3Uri", "s3://b/captured"}, {"GenerateInferenceId", true}};
  request["TransformOutput"]["Accept"] = "image/png";
  EXPECT_THAT(refusal("CreateTransformJob", request), HasSubstr("With GenerateInferenceId Accept must be"));
  request["TransformOutput"]["Accept"] = "text/csv";
  call("CreateTransformJob", request);
  work.start();
  EXPECT_EQ(ended()["TransformJobStatus"], "Completed");
  const std::string time = readable_time(described()["TransformStartTime"].get<std::int64_t>());
  EXPECT_THAT(objects["s3://b/answers/x/a.jpg.out"],
              MatchesRegex("1,[0-9a-f-]{36}," + time + "\n2,[0-9a-f-]{36}," + time + "\n"));
}

TEST(TransformCapture, PutsIdsIntoObjectsOfJson) {
  const TransformPlan plan{.accept = "application/jsonlines", .start = 1661518800};
  const std::string lines = with_inference_ids(plan, "{\"b\": 1.50, \"a\": {}}\r\n\n{}\n");
  const std::string id =
      "\"SageMakerInferenceId\": \"[0-9a-f-]+\", \"SageMakerInferenceTime\": \"2022-08-26T13:00:00Z\"";
  EXPECT_THAT(lines, MatchesRegex("[{]\"b\": 1.50, \"a\": [{][}], " + id + "[}]\n[{]" + id + "[}]\n"));
  const Json whole = Json::parse(with_inference_ids(plan, "{\n\"a\": 1\n}\n"));
  EXPECT_EQ(whole.size(), 3U);
  EXPECT_THROW(with_inference_ids(plan, "[0.5]\n"), Error);
  EXPECT_THROW(with_inference_ids(plan, "{}\nno\n"), Error);
}

}  // namespace
}  // namespace graft
