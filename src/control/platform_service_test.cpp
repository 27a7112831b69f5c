#include "control/platform_service.h"

#include <ctime>

#include "base/file.h"
#include "base/json.h"
#include "control/identity_services.h"
#include "identity/identity_testing.h"

namespace graft {
namespace {

using test::Given;
using testing::HasSubstr;

aws::Service example_service() {
  return {.name = "Example",
          .target_prefix = "Example",
          .signing_name = "example",
          .operations = {{"CreateThing",
                          {{"ThingName", aws::Support::done}},
                          [](const Caller& caller, const Json& input) -> Json {
                            return {{"Thing", input["ThingName"]}, {"Account", caller.account}};
                          }},
                         {"ListThings", {}, [](const Caller&, const Json&) { return Json::object(); }}}};
}

struct PlatformServiceTest : testing::Test {
  TemporaryFolder folder{};
  Identity identity{folder.path()};
  AccessKey key = identity.add_key("ann");
  PlatformMetrics metrics{};
  PlatformServices services{
      .identity = identity,
      .metrics = metrics,
      .objects =
          [](SignedExchange& exchange) {
            exchange.answer({.status = 200, .content_type = "text/plain", .body = exchange.caller().user});
            return ObjectService::Done{.operation = exchange.request().method == "GET" ? "GetObject" : "PutObject",
                                       .resource = "bucket/key"};
          },
      .json = {example_service()},
      .query = {query_service(sts_service(identity), kStsVersion, kStsXml),
                query_service(iam_service(identity), kIamVersion, kIamXml)},
      .runtime = [](const Caller& caller, Exchange&) -> Response {
        return {.content_type = "text/plain", .body = caller.account};
      },
      .own = [](const Request& request) -> Response { return {.content_type = "text/plain", .body = request.path}; }};

  Response ask(const Request& request, const std::string& body = "") {
    const auto exchange = std::make_shared<Given>(request, body);
    serve(services, exchange);
    return exchange->answered;
  }
  Response ask_signed(const std::string& service, const std::string& method, const std::string& target,
                      const std::string& body, Headers headers = {}) {
    return ask(
        test::sign(key, service, method, target, hex(sha256(as_bytes(body))), std::move(headers), std::time(nullptr)),
        body);
  }
  Response call(const std::string& target, const std::string& body, const std::string& service = "example") {
    return ask_signed(service, "POST", "/", body,
                      {{"x-amz-target", target}, {"content-type", "application/x-amz-json-1.1"}});
  }
  Response ask_form(const std::string& service, const std::string& body) {
    return ask_signed(service, "POST", "/", body,
                      {{"content-type", "application/x-www-form-urlencoded; charset=utf-8"}});
  }
  std::vector<Json> log() {
    std::vector<Json> lines;
    std::istringstream file(read_text(folder.path() / "audit.jsonl"));
    for (std::string line; std::getline(file, line);) lines.push_back(parse_json(line, "audit.jsonl"));
    return lines;
  }
};

TEST_F(PlatformServiceTest, HandsEachRequestToItsService) {
  EXPECT_EQ(ask_signed("s3", "GET", "/bucket/key", "").body, "ann");
  EXPECT_EQ(ask(test::request("GET", "/bucket/key", {})).body, "");
  EXPECT_EQ(ask_signed("sagemaker", "POST", "/endpoints/e/invocations", "x").body, key.account);
  EXPECT_EQ(ask(test::request("GET", "/_/health", {})).body, "/_/health");
  EXPECT_THAT(call("Example.CreateThing", R"({"ThingName": "t"})").body, HasSubstr(key.account));
  EXPECT_THAT(ask_form("sts", "Action=GetCallerIdentity&Version=2011-06-15").body,
              HasSubstr("<Arn>arn:aws:iam::" + key.account + ":user/ann</Arn>"));
}

TEST_F(PlatformServiceTest, WritesDownWhatChangesSomethingAndWhatIsRefused) {
  ask_signed("s3", "GET", "/bucket/key", "");
  call("Example.ListThings", "{}");
  ask_form("iam", "Action=GetUser&Version=2010-05-08");
  EXPECT_TRUE(log().empty());
  ask_signed("s3", "PUT", "/bucket/key", "");
  call("Example.CreateThing", R"({"ThingName": "t"})");
  ask_form("iam", "Action=CreateUser&UserName=cat&Version=2010-05-08");
  ask_form("sts", "Action=GetSessionToken&Version=2011-06-15");
  key.secret_key[0] = '-';
  call("Example.ListThings", "{}");
  const auto lines = log();
  ASSERT_EQ(lines.size(), 5);
  EXPECT_EQ(lines[0]["operation"], "PutObject");
  EXPECT_EQ(lines[0]["resource"], "bucket/key");
  EXPECT_EQ(lines[0]["user"], "ann");
  EXPECT_EQ(lines[1]["operation"], "CreateThing");
  EXPECT_EQ(lines[1]["resource"], "t");
  EXPECT_EQ(lines[1]["service"], "example");
  EXPECT_EQ(lines[2]["operation"], "CreateUser");
  EXPECT_EQ(lines[2]["resource"], "cat");
  EXPECT_EQ(lines[3]["operation"], "GetSessionToken");
  EXPECT_EQ(lines[4]["operation"], "Example.ListThings");
  EXPECT_EQ(lines[4]["account"], "anonymous");
  EXPECT_EQ(lines[4]["code"], "SignatureDoesNotMatch");
  EXPECT_EQ(lines[4]["client"], "127.0.0.1");
}

TEST_F(PlatformServiceTest, SaysRefusalsInTheWordsOfTheService) {
  key.secret_key[0] = '-';
  EXPECT_THAT(ask_signed("s3", "GET", "/bucket/key", "").body, HasSubstr("<Code>SignatureDoesNotMatch</Code>"));
  EXPECT_EQ(ask_signed("s3", "HEAD", "/bucket/key", "").status, 403);
  EXPECT_EQ(ask_signed("s3", "HEAD", "/bucket/key", "").body, "");
  EXPECT_THAT(call("Example.ListThings", "{}").body, HasSubstr("InvalidSignatureException"));
  EXPECT_THAT(ask_form("sts", "Action=GetCallerIdentity&Version=2011-06-15").body,
              HasSubstr("<Code>SignatureDoesNotMatch"));
  EXPECT_EQ(ask_signed("sagemaker", "POST", "/endpoints/e/invocations", "x").status, 403);
}

TEST_F(PlatformServiceTest, AsksForASignatureWhereNothingIsPublic) {
  EXPECT_THAT(ask(test::request("POST", "/", {{"X-Amz-Target", "Example.ListThings"}}), "{}").body,
              HasSubstr("MissingAuthenticationToken"));
  EXPECT_THAT(ask(test::request("POST", "/", {{"Content-Type", "application/x-www-form-urlencoded"}}),
                  "Action=GetCallerIdentity&Version=2011-06-15")
                  .body,
              HasSubstr("MissingAuthenticationToken"));
}

TEST_F(PlatformServiceTest, TakesASignatureForItsOwnServiceOnly) {
  EXPECT_THAT(call("Example.ListThings", "{}", "logs").body, HasSubstr("InvalidSignatureException"));
}

TEST_F(PlatformServiceTest, NamesWhatIsNotBuilt) {
  EXPECT_THAT(call("Other.ListThings", "{}").body, HasSubstr("Other.ListThings"));
  EXPECT_THAT(call("Example.DropThings", "{}").body, HasSubstr("DropThings"));
  EXPECT_THAT(ask_form("ec2", "Action=RunInstances&Version=2016-11-15").body, HasSubstr("ec2"));
  EXPECT_THAT(ask_form("sts", "Action=GetCallerIdentity&Version=2000-01-01").body, HasSubstr("InvalidAction"));
  EXPECT_THAT(ask_form("iam", "Action=CreateGroup&Version=2010-05-08").body, HasSubstr("CreateGroup"));
}

TEST_F(PlatformServiceTest, CountsRequestsByServicesThatThereAre) {
  call("Example.ListThings", "{}");
  ask_signed("s3", "GET", "/bucket/key", "");
  ask_form("ec2", "Action=RunInstances&Version=2016-11-15");
  const std::string text = metrics.text();
  EXPECT_THAT(text, HasSubstr(R"(graft_requests_total{service="example",status="200"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(graft_requests_total{service="s3",status="200"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(graft_requests_total{service="other",status="400"} 1)"));
  EXPECT_THAT(text, testing::Not(HasSubstr("ec2")));
}

}  // namespace
}  // namespace graft
