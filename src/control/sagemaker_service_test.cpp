#include "control/sagemaker_service.h"

#include <cstdlib>
#include <set>

#include "control/control_testing.h"

namespace graft {
namespace {

struct SageMakerServiceTest : ControlTest {};

// GRAFT_WRITE_DOCS=1 writes it.
TEST_F(SageMakerServiceTest, IsWhatTheDocumentSays) {
  const auto file = std::filesystem::path(GRAFT_TESTDATA "/../../../docs/sagemaker-api.md").lexically_normal();
  const std::string document = sagemaker_document(service);
  if (std::getenv("GRAFT_WRITE_DOCS")) write_file(file, document);
  EXPECT_EQ(read_text(file), document) << "run this test with GRAFT_WRITE_DOCS=1";
}

TEST_F(SageMakerServiceTest, HasEachOperationAndFieldOnce) {
  std::set<std::string_view> operations;
  for (const aws::Operation& operation : service.operations) {
    EXPECT_TRUE(operations.insert(operation.name).second) << operation.name;
    std::set<std::string_view> fields;
    for (const aws::Field& field : operation.fields) {
      EXPECT_TRUE(fields.insert(field.path).second) << operation.name << " " << field.path;
    }
  }
}

TEST_F(SageMakerServiceTest, RefusesByNameWhatItDoesNotKnow) {
  EXPECT_THAT(refusal("CreateNotebookInstance", Json::object()), testing::HasSubstr("CreateNotebookInstance"));
  Json request = training_request();
  request["ResourceConfig"]["Colour"] = "blue";
  EXPECT_THAT(refusal("CreateTrainingJob", request), testing::HasSubstr("ResourceConfig.Colour"));
  request = training_request();
  request["MlflowConfig"] = {{"MlflowResourceArn", "x"}};
  EXPECT_THAT(refusal("CreateTrainingJob", request), testing::HasSubstr("MLflow"));
}

// What comes from a client may have any type anywhere: it is refused, and nothing is thrown that is no Error.
TEST_F(SageMakerServiceTest, RefusesValuesOfAnotherType) {
  const Json request = training_request(), leaves = request.flatten();
  for (const auto& [path, value] : leaves.items()) {
    for (const Json& other : {Json(1.5), Json("x"), Json::array({1}), Json{{"a", 1}}, Json(true)}) {
      Json changed = request;
      changed["TrainingJobName"] = "other";
      changed[Json::json_pointer(path)] = other;
      try {
        call("CreateTrainingJob", changed);
      } catch (const Error& error) {
        EXPECT_NE(error.kind(), Kind::internal) << path << " " << other;
      }
      records.erase(caller.account, "training-job", "other");
      records.erase(caller.account, "training-job", "x");
    }
  }
}

}  // namespace
}  // namespace graft
