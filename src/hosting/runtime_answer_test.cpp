#include "hosting/runtime_answer.h"

#include <gmock/gmock.h>

#include "base/json.h"

namespace graft {
namespace {

using testing::HasSubstr;

TEST(RuntimeAnswer, AModelsAnswerIsAModelErrorInSageMakersForm) {
  const Response response = model_error({"123456789012", "us-west-2", "flowers"}, 415, "only \"TXT\"");
  EXPECT_EQ(response.status, 424);
  EXPECT_EQ(find_header(response.headers, "x-amzn-ErrorType"), "ModelError");
  const Json body = Json::parse(response.body);
  EXPECT_EQ(body.at("OriginalStatusCode"), 415);
  EXPECT_EQ(body.at("OriginalMessage"), "only \"TXT\"");
  EXPECT_EQ(body.at("ErrorCode"), "CLIENT_ERROR_FROM_MODEL");
  EXPECT_EQ(body.at("LogStreamArn"), "arn:aws:logs:us-west-2:123456789012:log-group:/aws/sagemaker/Endpoints/flowers");
  EXPECT_THAT(body.at("Message").get<std::string>(),
              HasSubstr("Received client error (415) from primary with message"));
}

TEST(RuntimeAnswer, WhatIsNoTextIsStillJson) {
  const Response response = model_error({"1", "r", "e"}, 500, std::string(5000, '\xff'));
  EXPECT_LT(response.body.size(), 20'000U);
  EXPECT_EQ(Json::parse(response.body).at("ErrorCode"), "INTERNAL_FAILURE_FROM_MODEL");
}

TEST(RuntimeAnswer, KnowsTheCodesOfTheRuntime) {
  const auto status = [](const char* code) { return runtime_answer(Error(Kind::unavailable, code, "why")).status; };
  EXPECT_EQ(status(kValidationError), 400);
  EXPECT_EQ(status(kModelNotReady), 429);
  EXPECT_EQ(status(kServiceUnavailable), 503);
  EXPECT_EQ(status("other"), 500);
  const Response response = runtime_answer(endpoint_not_found("1", "flowers"));
  EXPECT_EQ(find_header(response.headers, "x-amzn-ErrorType"), "ValidationError");
  EXPECT_EQ(Json::parse(response.body).at("Message"), "Endpoint flowers of account 1 not found.");
}

}  // namespace
}  // namespace graft
