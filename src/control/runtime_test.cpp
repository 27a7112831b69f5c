#include "control/runtime.h"

#include "control/control_testing.h"
#include "control/resource.h"
#include "identity/identity_testing.h"

namespace graft {
namespace {

using testing::HasSubstr;

struct RuntimeTest : ControlTest {
  Request request{.method = "POST", .path = "/endpoints/e/invocations"};
  std::vector<Request> asked{};
  Strangers strangers{{.each_second = 0, .at_once = 3}};
  Caller who = caller;

  void SetUp() override {
    answer_of_model = [this](const Request& given) {
      asked.push_back(given);
      return Response{.content_type = "application/json", .body = "[0.5]"};
    };
  }
  Response invoke(std::string body = "picture") {
    test::Given exchange(request, std::move(body));
    return invoke_endpoint(control, strangers, who, exchange);
  }
  // The code of what is refused, and what is said.
  std::string refused(std::string body = "picture") {
    const Response response = invoke(std::move(body));
    const auto code = find_header(response.headers, "x-amzn-ErrorType");
    return text(response.status, " ", code ? *code : "", ": ", Json::parse(response.body).value("Message", ""));
  }
};

TEST_F(RuntimeTest, HandsTheRequestOnAsItIs) {
  request.headers = {{"Content-Type", "image/jpeg"}, {"X-Amzn-SageMaker-Target-Variant", "a"}};
  EXPECT_EQ(invoke().body, "[0.5]");
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(as_text(asked[0].body), "picture");
  EXPECT_EQ(asked[0].headers, request.headers);
}

TEST_F(RuntimeTest, TakesABodyOfSixMebibytesAndNotAByteMore) {
  EXPECT_EQ(invoke(std::string(6'291'456, 'x')).status, 200);
  EXPECT_THAT(refused(std::string(6'291'457, 'x')), HasSubstr("400 ValidationError: The request's body has more than"));
}

TEST_F(RuntimeTest, RefusesHeadersThatAreTooLongOrNotBuilt) {
  request.headers = {{"x-amzn-sagemaker-inference-id", std::string(65, 'x')}};
  EXPECT_THAT(refused(), HasSubstr("400 ValidationError: The header X-Amzn-SageMaker-Inference-Id has 65 characters"));
  request.headers = {{"X-Amzn-SageMaker-Enable-Explanations", "`true`"}};
  EXPECT_THAT(refused(), HasSubstr("Enable-Explanations"));
}

TEST_F(RuntimeTest, NamesTheCallsThatAreNotBuilt) {
  request.path = "/endpoints/e/async-invocations";
  EXPECT_THAT(refused(), HasSubstr("400 ValidationError: graft does not have the call async-invocations"));
  request.path = "/endpoints/e/invocations-response-stream";
  EXPECT_THAT(refused(), HasSubstr("invocations-response-stream"));
  for (const char* path : {"/endpoints/", "/endpoints/e", "/endpoints/e/other", "/endpoints"}) {
    request.path = path;
    EXPECT_THAT(refused(), HasSubstr("404 UnknownOperationException")) << path;
  }
  request = {.method = "GET", .path = "/endpoints/e/invocations"};
  EXPECT_THAT(refused(), HasSubstr("POST"));
  EXPECT_TRUE(asked.empty());
}

TEST_F(RuntimeTest, DoesNotReachWhatServesATransformJob) {
  request.path = "/endpoints/transform_t/invocations";
  EXPECT_EQ(refused(), "400 ValidationError: Endpoint transform_t of account 123456789012 not found.");
}

TEST_F(RuntimeTest, AnswersOthersOnlyWhereTheEndpointIsPublic) {
  records.create({.account = caller.account, .kind = kEndpoint, .name = "e", .inner = {{"Tags", Json::array()}}});
  const auto tag = [&](const char* value) {
    call("AddTags", {{"ResourceArn", arn_of(caller, kEndpoint, "e")},
                     {"Tags", Json::array({{{"Key", "graft:public"}, {"Value", value}}})}});
  };
  request.path = "/endpoints/123456789012.e/invocations";
  EXPECT_EQ(invoke().status, 200);  // its own account
  const Caller nobody{.region = "us-east-1"};
  for (const Caller& other : {nobody, stranger}) {
    who = other;
    const std::string sentence = other.anonymous()
                                     ? "403 MissingAuthenticationToken"
                                     : "400 ValidationError: Endpoint e of account 123456789012 not found.";
    tag("false");
    EXPECT_THAT(refused(), HasSubstr(sentence));
    tag("true");
    EXPECT_EQ(invoke().body, "[0.5]");
    call("DeleteTags", {{"ResourceArn", arn_of(caller, kEndpoint, "e")}, {"TagKeys", {"graft:public"}}});
    EXPECT_THAT(refused(), HasSubstr(sentence));
  }
  tag("true");
  who = nobody;
  request.path = "/endpoints/e/invocations";
  EXPECT_THAT(refused(), HasSubstr("403 MissingAuthenticationToken"));
  request.path = "/endpoints/123456789012.f/invocations";
  EXPECT_THAT(refused(), HasSubstr("403 MissingAuthenticationToken"));
  EXPECT_EQ(asked.size(), 3U);
}

TEST_F(RuntimeTest, LimitsWhatStrangersAsk) {
  records.create({.account = caller.account,
                  .kind = kEndpoint,
                  .name = "e",
                  .inner = {{"Tags", Json::array({{{"Key", "graft:public"}, {"Value", "true"}}})}}});
  request.path = "/endpoints/123456789012.e/invocations";
  who = {.region = "us-east-1"};
  EXPECT_THAT(refused(std::string(6'291'457, 'x')), HasSubstr("400 ValidationError"));
  for (int i = 0; i < 10; ++i) invoke();
  EXPECT_THAT(refused(), HasSubstr("503 ServiceUnavailable: too many calls without a key"));
  EXPECT_LT(asked.size(), 10U);
  who = caller;
  EXPECT_EQ(invoke().status, 200);
}

TEST_F(RuntimeTest, SaysNothingOfTheServersInside) {
  answer_of_model = [](const Request&) -> Response { throw std::runtime_error("secret"); };
  EXPECT_EQ(refused(), "500 InternalFailure: the server failed to answer; its log says why");
}

}  // namespace
}  // namespace graft
