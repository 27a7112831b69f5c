#include <atomic>

#include "control/resource.h"
#include "control/transform_plan.h"
#include "control/transform_testing.h"

namespace graft {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(TransformTest, AsksTheModelForEachObject) {
  call("CreateTransformJob", transform_request());
  work.start();
  EXPECT_EQ(ended()["TransformJobStatus"], "Completed");
  EXPECT_THAT(asked, testing::UnorderedElementsAre("image/jpeg A", "image/jpeg B"));
  EXPECT_EQ(objects["s3://b/answers/x/a.jpg.out"], "<A>");
  EXPECT_EQ(objects["s3://b/answers/b.jpg.out"], "<B>");
  EXPECT_THAT(removed, ElementsAre("transform_t"));
  ASSERT_EQ(applied.size(), 1U);
  EXPECT_EQ(applied[0].variants[0].environment.at("SAGEMAKER_BATCH"), "true");
}

TEST_F(TransformTest, GoesOnWithTheObjectsThatHaveNoOutputYet) {
  call("CreateTransformJob", transform_request());
  records.update(caller.account, kTransformJob, "t",
                 [](Record& job) { job.document["TransformStartTime"] = job.created; });
  objects["s3://b/answers/b.jpg.out"] = "done before";
  const auto list = outside.list_objects;
  outside.list_objects = [list](const std::string& account, const S3Path& path, std::size_t most) {
    auto found = list(account, path, most);
    for (RemoteObject& object : found) object.modified = static_cast<std::int64_t>(now());
    return found;
  };
  work.start();
  EXPECT_EQ(ended()["TransformJobStatus"], "Completed");
  EXPECT_THAT(asked, ElementsAre("image/jpeg A"));
  EXPECT_EQ(objects["s3://b/answers/b.jpg.out"], "done before");
}

TEST_F(TransformTest, AsksForWhatAManifestNames) {
  objects["s3://b/list.json"] = R"([{"prefix": "s3://b/in/"}, "x/a.jpg", {"prefix": "s3://b/"}, "train/a.jpg"])";
  Json request = transform_request();
  request["TransformInput"]["DataSource"]["S3DataSource"] = {{"S3DataType", "ManifestFile"},
                                                             {"S3Uri", "s3://b/list.json"}};
  call("CreateTransformJob", request);
  work.start();
  EXPECT_EQ(ended()["TransformJobStatus"], "Completed");
  EXPECT_EQ(objects["s3://b/answers/x/a.jpg.out"], "<A>");
  EXPECT_EQ(objects["s3://b/answers/train/a.jpg.out"], "<1>");
  EXPECT_EQ(asked.size(), 2U);
}

TEST_F(TransformTest, NeedsAManifestThatIsThereAndIsOne) {
  Json request = transform_request();
  Json& source = request["TransformInput"]["DataSource"]["S3DataSource"];
  source = {{"S3DataType", "ManifestFile"}, {"S3Uri", "s3://b/in/x"}};
  EXPECT_THAT(refusal("CreateTransformJob", request), HasSubstr("No S3 objects found"));
  source["S3Uri"] = "s3://b/in/x/a.jpg";
  call("CreateTransformJob", request);
  work.start();
  EXPECT_EQ(ended()["TransformJobStatus"], "Failed");
  EXPECT_THAT(described()["FailureReason"].get<std::string>(), HasSubstr("ClientError: s3://b/in/x/a.jpg"));
}

TEST_F(TransformTest, UnpacksWhatIsPacked) {
  // printf A | gzip -n
  objects["s3://b/in/x/a.jpg"] = std::string("\x1f\x8b\x08\0\0\0\0\0\0\x03\x73\x04\0\x8b\x9e\xd9\xd3\x01\0\0\0", 21);
  Json request = transform_request();
  request["TransformInput"]["CompressionType"] = "Gzip";
  call("CreateTransformJob", request);
  work.start();
  EXPECT_EQ(ended()["TransformJobStatus"], "Failed");
  EXPECT_EQ(objects["s3://b/answers/x/a.jpg.out"], "<A>");
  EXPECT_THAT(described()["FailureReason"].get<std::string>(), HasSubstr("1 of 2 objects could not be transformed. The "
                                                                         "first: s3://b/in/b.jpg: no gzip"));
}

TEST_F(TransformTest, JoinsAnswersWithTheirLines) {
  objects.erase("s3://b/in/b.jpg");
  objects["s3://b/in/x/a.jpg"] =
      "{\"id\": 1, \"picture\": {\"s3\": \"u\"}}\n\n{\"id\": 2, \"picture\": {\"s3\": \"v\"}}\n";
  answer_of_model = [this](const Request& request) {
    const std::lock_guard lock(mutex);
    asked.emplace_back(as_text(request.body));
    return Response{.body = "{\"prediction\": [0.5]}\n{\"prediction\": [0.25]}\n"};
  };
  Json request = transform_request();
  request["TransformInput"].update({{"ContentType", "application/jsonlines"}, {"SplitType", "Line"}});
  request["TransformOutput"]["AssembleWith"] = "Line";
  request["DataProcessing"] = {
      {"InputFilter", "$.picture"}, {"JoinSource", "Input"}, {"OutputFilter", "$['id','SageMakerOutput']"}};
  call("CreateTransformJob", request);
  work.start();
  EXPECT_EQ(ended()["TransformJobStatus"], "Completed");
  EXPECT_THAT(asked, ElementsAre("{\"s3\":\"u\"}\n{\"s3\":\"v\"}\n"));
  EXPECT_EQ(objects["s3://b/answers/x/a.jpg.out"],
            "{\"SageMakerOutput\":{\"prediction\":[0.5]},\"id\":1}\n"
            "{\"SageMakerOutput\":{\"prediction\":[0.25]},\"id\":2}\n");
}

TEST(TransformFilter, KnowsRecordsAndAnswersOfEitherForm) {
  const TransformFilter join{.join = true};
  EXPECT_EQ(written_of(join, "[1, 2]", "0.5"), R"({"SageMakerInput":[1,2],"SageMakerOutput":0.5})");
  EXPECT_EQ(written_of({.output = parse_json_path("$.a")}, "1", R"({"a": 2})"), "2");
  EXPECT_EQ(sent_of(join, transform_records("{\n}", false)), "{}\n");
  EXPECT_THROW(sent_of(join, transform_records("{\n}", true)), Error);
  EXPECT_THROW(answers_in(join, "1\n2\n", 3), Error);
  EXPECT_EQ(answers_in(join, "[1,\n2]", 1)[0], "[1,\n2]");
  EXPECT_THROW(written_of({}, "1", std::string(kMostRecord + 1, '1')), Error);
}

TEST_F(TransformTest, FailsWhenAnObjectDoesAndDoesTheOthers) {
  answer_of_model = [](const Request& request) {
    if (as_text(request.body) != "A") return Response{.body = "fine"};
    return Response{.status = 424,
                    .body = R"({"Message": "Received client error (415) from primary", "OriginalStatusCode": 415})"};
  };
  call("CreateTransformJob", transform_request());
  work.start();
  const Json answer = ended();
  EXPECT_EQ(answer["TransformJobStatus"], "Failed");
  EXPECT_THAT(
      answer["FailureReason"].get<std::string>(),
      testing::AllOf(HasSubstr("ClientError: 1 of 2 objects"), HasSubstr("s3://b/in/x/a.jpg"), HasSubstr("(415)")));
  EXPECT_FALSE(objects.contains("s3://b/answers/x/a.jpg.out"));
  EXPECT_EQ(objects["s3://b/answers/b.jpg.out"], "fine");
}

TEST_F(TransformTest, TriesAgainWhatTheModelFailedAt) {
  std::atomic<int> tries = 0;
  answer_of_model = [&](const Request&) { return ++tries < 3 ? Response{.status = 503} : Response{.body = "fine"}; };
  objects.erase("s3://b/in/x/a.jpg");
  call("CreateTransformJob", transform_request());
  work.start();
  EXPECT_EQ(ended()["TransformJobStatus"], "Completed");
  EXPECT_EQ(tries, 3);
}

TEST_F(TransformTest, IsStoppedBeforeItBegins) {
  call("CreateTransformJob", transform_request());
  call("StopTransformJob", {{"TransformJobName", "t"}});
  EXPECT_EQ(described()["TransformJobStatus"], "Stopped");
  work.start();
  EXPECT_THAT(refusal("StopTransformJob", {{"TransformJobName", "t"}}), HasSubstr("in status Stopped"));
  EXPECT_TRUE(asked.empty());
}

TEST_F(TransformTest, RefusesByNameWhatIsNotBuilt) {
  Json request = transform_request();
  request["TransformInput"]["SplitType"] = "RecordIO";
  EXPECT_THAT(refusal("CreateTransformJob", request), HasSubstr("RecordIO is not built"));
  request = transform_request();
  request["DataProcessing"] = {{"JoinSource", "Input"}};
  EXPECT_THAT(refusal("CreateTransformJob", request),
              HasSubstr("must be text/csv, application/jsonlines or application/json"));
  request["TransformInput"]["ContentType"] = "application/jsonlines";
  request["DataProcessing"]["OutputFilter"] = "$[?(@.a)]";
  EXPECT_THAT(refusal("CreateTransformJob", request), HasSubstr("The OutputFilter: the path"));
  request = csv_request();
  request["DataProcessing"] = {{"InputFilter", "$.a"}};
  EXPECT_THAT(refusal("CreateTransformJob", request), HasSubstr("The InputFilter: of text/csv a path selects columns"));
  request["DataProcessing"] = {{"OutputFilter", "$[0]"}};
  request["TransformOutput"]["Accept"] = "application/json";
  EXPECT_THAT(refusal("CreateTransformJob", request), HasSubstr("must be Line, and Accept text/csv"));
  request = transform_request();
  request["ModelName"] = "none";
  EXPECT_THAT(refusal("CreateTransformJob", request), HasSubstr("Could not find model"));
}

TEST(TransformPlan, NamesOutputsByWhatComesBehindThePrefix) {
  TransformPlan plan{.input = {"b", "in/"}, .output = {"b", "out"}};
  EXPECT_EQ(output_of(plan, input_of(plan, "in/x/a.jpg")).key, "out/x/a.jpg.out");
  plan.input.key = "in";
  EXPECT_EQ(output_of(plan, input_of(plan, "in/x/a.jpg")).key, "out/x/a.jpg.out");
  EXPECT_EQ(output_of(plan, input_of(plan, "inside/a.jpg")).key, "out/inside/a.jpg.out");
  plan.input.key = "in/a.jpg";
  EXPECT_EQ(output_of(plan, input_of(plan, "in/a.jpg")).key, "out/a.jpg.out");
  plan.input.key = "";
  plan.output.key = "";
  EXPECT_EQ(output_of(plan, input_of(plan, "a.jpg")).key, "a.jpg.out");
}

TEST(TransformPlan, PacksLinesIntoRequests) {
  TransformPlan plan{.by_line = true, .most_payload = 4};
  EXPECT_THAT(requests_of(plan, "a\nb\nc\n"), ElementsAre("a\nb\n", "c\n"));
  EXPECT_THAT(requests_of(plan, "abc\nd"), ElementsAre("abc\n", "d"));
  EXPECT_TRUE(requests_of(plan, "").empty());
  EXPECT_THROW(requests_of(plan, "abcde\n"), Error);
  plan.many_lines = false;
  EXPECT_THAT(requests_of(plan, "a\r\n\nb"), ElementsAre("a", "b"));
  plan.by_line = false;
  EXPECT_THAT(requests_of(plan, "a\nb\n"), ElementsAre("a\nb\n"));
  EXPECT_THROW(requests_of(plan, "a\nb\nc"), Error);
}

}  // namespace
}  // namespace graft
