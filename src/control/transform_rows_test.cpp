#include "base/error.h"
#include "control/transform_filter.h"
#include "control/transform_testing.h"

namespace graft {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(TransformTest, JoinsAnswersWithTheirRows) {
  objects.erase("s3://b/in/b.jpg");
  objects["s3://b/in/x/a.jpg"] = "7,\"a,b\",1.0\r\n\n8,\"say \"\"x\"\"\",2.50";
  answer_of_model = [this](const Request& request) {
    const std::lock_guard lock(mutex);
    asked.emplace_back(as_text(request.body));
    return Response{.body = "0.5,\"cat, small\"\n0.25,dog\n"};
  };
  Json request = csv_request();
  request["DataProcessing"] = {{"InputFilter", "$[1:]"}, {"JoinSource", "Input"}, {"OutputFilter", "$[0,3:]"}};
  call("CreateTransformJob", request);
  work.start();
  EXPECT_EQ(ended()["TransformJobStatus"], "Completed");
  EXPECT_THAT(asked, ElementsAre("\"a,b\",1.0\n\"say \"\"x\"\"\",2.50\n"));
  EXPECT_EQ(objects["s3://b/answers/x/a.jpg.out"], "7,0.5,\"cat, small\"\n8,0.25,dog\n");
}

TEST_F(TransformTest, FiltersRowsOneAtATime) {
  objects.erase("s3://b/in/b.jpg");
  objects["s3://b/in/x/a.jpg"] = "7,1\n8,2\n";
  answer_of_model = [](const Request& request) { return Response{.body = "x," + std::string(as_text(request.body))}; };
  Json request = csv_request();
  request["BatchStrategy"] = "SingleRecord";
  request["DataProcessing"] = {{"InputFilter", "$[1]"}, {"OutputFilter", "$[-1]"}};
  call("CreateTransformJob", request);
  work.start();
  EXPECT_EQ(ended()["TransformJobStatus"], "Completed");
  EXPECT_EQ(objects["s3://b/answers/x/a.jpg.out"], "1\n2\n");
}

TEST_F(TransformTest, SaysWhichRowHasNotWhatIsWanted) {
  objects.erase("s3://b/in/b.jpg");
  objects["s3://b/in/x/a.jpg"] = "7,1\n8,\"2\n";
  Json request = csv_request();
  request["DataProcessing"] = {{"InputFilter", "$[1]"}};
  call("CreateTransformJob", request);
  work.start();
  EXPECT_EQ(ended()["TransformJobStatus"], "Failed");
  EXPECT_THAT(described()["FailureReason"].get<std::string>(), HasSubstr("record 2: a quote of the CSV row"));
  const TransformFilter filter{.input = parse_json_path("$[5:]"), .csv = true};
  EXPECT_THROW(sent_of(filter, transform_records("1,2", true)), Error);
  EXPECT_THROW(answers_in(filter, "1\n2\n", 1), Error);
}

}  // namespace
}  // namespace graft
