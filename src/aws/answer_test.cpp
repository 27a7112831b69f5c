#include "aws/answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"

namespace graft::aws {
namespace {

using testing::HasSubstr;

Service shop() {
  return {"Shop",
          "Shop_1",
          "shop",
          {{"Buy",
            {{"Name", Support::done}},
            [](const Caller&, const Json& input) {
              return Json{{"Got", input}};
            }},
           {"Close", {}, [](const Caller&, const Json&) { return Json(); }},
           {"Steal", {}, [](const Caller&, const Json&) -> Json { fail(Kind::denied, "no"); }},
           {"Find",
            {},
            [](const Caller&, const Json&) -> Json { throw Error(Kind::invalid, "BadThingException", "bad \xff"); }},
           {"Burn", {}, [](const Caller&, const Json&) -> Json { throw std::runtime_error("secret"); }}}};
}

Request request(const std::string& operation, std::string_view body, const std::string& version = "1.1") {
  Request request{.method = "POST", .path = "/"};
  request.headers = {{"X-Amz-Target", "Shop_1." + operation}, {"Content-Type", "application/x-amz-json-" + version}};
  const ByteView bytes = as_bytes(body);
  request.body.assign(bytes.begin(), bytes.end());
  return request;
}

Response ask(const std::string& operation, std::string_view body) {
  return answer_json(shop(), {}, request(operation, body));
}

std::string header(const Response& response, std::string_view name) {
  return std::string(find_header(response.headers, name).value_or("none"));
}

TEST(AnswerJson, AnswersInTheVersionOfTheRequest) {
  EXPECT_EQ(ask("Buy", R"({"Name": "x"})").body, R"({"Got":{"Name":"x"}})");
  EXPECT_EQ(ask("Buy", "").content_type, "application/x-amz-json-1.1");
  EXPECT_EQ(answer_json(shop(), {}, request("Buy", "{}", "1.0")).content_type, "application/x-amz-json-1.0");
  EXPECT_EQ(answer_json(shop(), {}, request("Find", "{}", "1.0")).content_type, "application/x-amz-json-1.0");
}

TEST(AnswerJson, GivesEachAnswerAnId) {
  const std::string first = header(ask("Buy", "{}"), "x-amzn-RequestId");
  EXPECT_EQ(first.size(), 36U);
  EXPECT_NE(first, header(ask("Buy", "{}"), "x-amzn-RequestId"));
  EXPECT_EQ(header(ask("Find", "{}"), "x-amzn-RequestId").size(), 36U);
}

TEST(AnswerJson, AnOperationWithoutOutputHasAnEmptyBody) {
  const Response response = ask("Close", "{}");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(response.content_type, "");
}

TEST(AnswerJson, SaysErrorsWithBothMessages) {
  const Response response = ask("Find", "{}");
  EXPECT_EQ(response.status, 400);
  const Json body = Json::parse(response.body);
  EXPECT_EQ(body["__type"], "BadThingException");
  EXPECT_EQ(body["message"], body["Message"]);
  EXPECT_EQ(header(response, "x-amzn-ErrorType"), "BadThingException");
  EXPECT_EQ(Json::parse(ask("Steal", "{}").body)["__type"], "AccessDeniedException");
}

TEST(AnswerJson, TellsNothingOfTheServersInside) {
  const Response response = ask("Burn", "{}");
  EXPECT_EQ(response.status, 500);
  EXPECT_THAT(response.body, HasSubstr("InternalFailure"));
  EXPECT_THAT(response.body, Not(HasSubstr("secret")));
}

TEST(AnswerJson, RefusesBodiesThatAreNoJson) {
  for (const std::string& body :
       {std::string("{"), std::string("[1]"), std::string(100'000, '['), std::string("\"\xff\"")}) {
    EXPECT_THAT(ask("Buy", body).body, HasSubstr("SerializationException"));
  }
}

TEST(AnswerJson, RefusesAnotherServicesTarget) {
  Request other = request("Buy", "{}");
  other.headers[0].second = "Bank_1.Buy";
  EXPECT_THAT(answer_json(shop(), {}, other).body, HasSubstr("UnknownOperationException"));
  other.headers.erase(other.headers.begin());
  EXPECT_THAT(answer_json(shop(), {}, other).body, HasSubstr("UnknownOperationException"));
}

TEST(AnswerJson, QueryModeHasTheQueryProtocolsCode) {
  Request query = request("Find", "{}", "1.0");
  query.headers.emplace_back("x-amzn-query-mode", "true");
  EXPECT_EQ(header(answer_json(shop(), {}, query), "x-amzn-query-error"), "BadThing;Sender");
  query = request("Burn", "{}", "1.0");
  query.headers.emplace_back("x-amzn-query-mode", "true");
  EXPECT_EQ(header(answer_json(shop(), {}, query), "x-amzn-query-error"), "InternalFailure;Receiver");
  EXPECT_EQ(header(ask("Find", "{}"), "x-amzn-query-error"), "none");
}

TEST(WireError, SignaturesAreRefusedInEachServicesWords) {
  const Error error(Kind::denied, "InvalidAccessKeyId", "unknown");
  EXPECT_EQ(Json::parse(json_error(error).body)["__type"], "UnrecognizedClientException");
  EXPECT_THAT(query_error(error).body, HasSubstr("<Code>InvalidClientTokenId</Code>"));
  EXPECT_EQ(query_error(error).status, 403);
}

TEST(QueryError, IsXml) {
  const Response response = query_error(Error(Kind::not_found, "NoSuchEntity", "no role <x>\x01"));
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.content_type, "text/xml");
  EXPECT_THAT(response.body, HasSubstr("<ErrorResponse><Error><Type>Sender</Type><Code>NoSuchEntity</Code>"
                                       "<Message>no role &lt;x&gt;?</Message></Error><RequestId>"));
}

TEST(RestError, HasItsCodeInAHeader) {
  const Response response = rest_error(Error(Kind::not_found, "", "Endpoint e of account 1 not found."));
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(header(response, "x-amzn-ErrorType"), "ValidationError");
  EXPECT_EQ(Json::parse(response.body)["Message"], "Endpoint e of account 1 not found.");
  EXPECT_EQ(rest_error(Error(Kind::unavailable, "", "busy")).status, 503);
  EXPECT_EQ(rest_error(std::runtime_error("x")).status, 500);
}

}  // namespace
}  // namespace graft::aws
