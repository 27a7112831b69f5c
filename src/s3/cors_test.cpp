#include "s3/cors.h"

#include <gmock/gmock.h>

#include "identity/identity_testing.h"
#include "s3/errors.h"
#include "s3/s3_testing.h"

namespace graft {
namespace {

using test::Given;
using test::header;
using test::make_request;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kRules =
    "<CORSConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
    "<CORSRule><ID>app</ID><AllowedOrigin>https://*.example.org</AllowedOrigin><AllowedMethod>PUT</AllowedMethod>"
    "<AllowedMethod>POST</AllowedMethod><AllowedHeader>x-amz-*</AllowedHeader><AllowedHeader>Content-Type"
    "</AllowedHeader><ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>3000</MaxAgeSeconds></CORSRule>"
    "<CORSRule><AllowedOrigin>*</AllowedOrigin><AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>";

class CorsTest : public testing::Test {
 protected:
  CorsTest() { store.ask("PUT", "/bucket"); }
  // As the platform does it: before anybody looks at the signature.
  Response ask(const std::string& method, const std::string& target, Headers headers) {
    const auto exchange = std::make_shared<Given>(make_request(method, target, std::move(headers)), "");
    if (const auto next = store.service().across_origins(exchange)) next->answer({.status = 403});
    return exchange->answered;
  }
  Response preflight(const std::string& origin, const std::string& method, const std::string& headers = "") {
    return ask(
        "OPTIONS", "/bucket/a/b.jpg?X-Amz-Signature=of-the-put",
        {{"Origin", origin}, {"Access-Control-Request-Method", method}, {"Access-Control-Request-Headers", headers}});
  }
  test::TestStore store;
};

TEST_F(CorsTest, LetsAPageDoWhatTheRulesSay) {
  ASSERT_EQ(store.ask("PUT", "/bucket?cors", kRules).status, 200);
  const Response yes = preflight("https://app.example.org", "PUT", "Content-Type, X-Amz-Meta-A");
  EXPECT_EQ(yes.status, 200);
  EXPECT_EQ(header(yes, "Access-Control-Allow-Origin"), "https://app.example.org");
  EXPECT_EQ(header(yes, "Access-Control-Allow-Methods"), "PUT, POST");
  EXPECT_EQ(header(yes, "Access-Control-Allow-Headers"), "content-type, x-amz-meta-a");
  EXPECT_EQ(header(yes, "Access-Control-Expose-Headers"), "ETag");
  EXPECT_EQ(header(yes, "Access-Control-Max-Age"), "3000");
  EXPECT_THAT(header(yes, "Vary"), HasSubstr("Origin"));
  EXPECT_EQ(header(preflight("http://elsewhere", "GET"), "Access-Control-Allow-Origin"), "*");
}

TEST_F(CorsTest, RefusesAPageWhatTheyDoNotSay) {
  EXPECT_EQ(preflight("https://app.example.org", "PUT").status, 403);
  store.ask("PUT", "/bucket?cors", kRules);
  EXPECT_EQ(preflight("https://example.org", "PUT").status, 403);
  EXPECT_EQ(preflight("https://app.example.org.evil.net", "PUT").status, 403);
  EXPECT_EQ(preflight("https://app.example.org", "DELETE").status, 403);
  EXPECT_EQ(preflight("https://app.example.org", "PUT", "authorization").status, 403);
  EXPECT_THAT(preflight("https://app.example.org", "PUT", "authorization").body, HasSubstr("AccessForbidden"));
  EXPECT_EQ(ask("OPTIONS", "/bucket/key", {{"Origin", "https://app.example.org"}}).status, 400);
  EXPECT_EQ(ask("OPTIONS", "/bucket/key", {}).status, 400);
  EXPECT_EQ(ask("OPTIONS", "/missing/key", {{"Origin", "x"}, {"Access-Control-Request-Method", "GET"}}).status, 403);
}

TEST_F(CorsTest, SaysSoInEveryAnswer) {
  store.ask("PUT", "/bucket?cors", kRules);
  const Response denied = ask("PUT", "/bucket/key", {{"Origin", "https://app.example.org"}});
  EXPECT_EQ(denied.status, 403);
  EXPECT_EQ(header(denied, "Access-Control-Allow-Origin"), "https://app.example.org");
  EXPECT_EQ(header(denied, "Access-Control-Expose-Headers"), "ETag");
  EXPECT_EQ(header(ask("PUT", "/bucket/key", {{"Origin", "https://other"}}), "Access-Control-Allow-Origin"), "");
  EXPECT_EQ(header(ask("GET", "/bucket/key", {}), "Access-Control-Allow-Origin"), "");
}

TEST_F(CorsTest, RulesAreKeptUntilTheyAreDeleted) {
  EXPECT_EQ(store.ask("GET", "/bucket?cors").status, 404);
  store.ask("PUT", "/bucket?cors", kRules);
  store.restart();
  const auto rules = s3::parse_cors(store.ask("GET", "/bucket?cors").body);
  ASSERT_EQ(rules.size(), 2U);
  EXPECT_EQ(rules[0].id, "app");
  EXPECT_THAT(rules[0].headers, ElementsAre("x-amz-*", "Content-Type"));
  EXPECT_EQ(store.ask("DELETE", "/bucket?cors").status, 204);
  EXPECT_EQ(test::element(store.ask("GET", "/bucket?cors").body, "Code"), "NoSuchCORSConfiguration");
}

TEST_F(CorsTest, RefusesRulesThatMeanNothing) {
  const auto code_of = [&](const std::string& rule) {
    return test::element(store.ask("PUT", "/bucket?cors", "<CORSConfiguration>" + rule + "</CORSConfiguration>").body,
                         "Code");
  };
  const std::string get = "<AllowedMethod>GET</AllowedMethod>", any = "<AllowedOrigin>*</AllowedOrigin>";
  EXPECT_EQ(code_of(""), "MalformedXML");
  EXPECT_EQ(code_of("<CORSRule>" + get + "</CORSRule>"), "MalformedXML");
  EXPECT_EQ(code_of("<CORSRule>" + any + get + "<Other>1</Other></CORSRule>"), "MalformedXML");
  EXPECT_EQ(code_of("<CORSRule>" + any + get + "<MaxAgeSeconds>x</MaxAgeSeconds></CORSRule>"), "MalformedXML");
  EXPECT_EQ(code_of("<CORSRule>" + any + "<AllowedMethod>OPTIONS</AllowedMethod></CORSRule>"), "InvalidRequest");
  EXPECT_EQ(code_of("<CORSRule><AllowedOrigin>*.*</AllowedOrigin>" + get + "</CORSRule>"), "InvalidRequest");
  EXPECT_EQ(code_of("<CORSRule>" + any + get + "<ExposeHeader>a\r\nb: c</ExposeHeader></CORSRule>"), "InvalidRequest");
}

}  // namespace
}  // namespace graft
