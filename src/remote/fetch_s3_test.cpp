#include "remote/fetch_s3.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <chrono>

#include "base/error.h"
#include "remote/test_store.h"

namespace graft {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// The store at AWS_ENDPOINT_URL_S3, with the environment of who asks it.
class FetchS3 : public testing::Test {
 protected:
  void SetUp() override {
    setenv("AWS_ENDPOINT_URL_S3", store_.url().c_str(), 1);
    setenv("AWS_ACCESS_KEY_ID", store_.settings().access_key.c_str(), 1);
    setenv("AWS_SECRET_ACCESS_KEY", store_.settings().secret_key.c_str(), 1);
    setenv("AWS_REGION", "eu-central-1", 1);
  }
  void TearDown() override {
    for (const char* name : {"AWS_ENDPOINT_URL_S3", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"}) {
      unsetenv(name);
    }
  }
  static std::string problem(const std::string& url, const FetchLimits& limits = {}) {
    return problem_of([&] { fetch_s3(url, limits); });
  }

  TestStore store_;
};

TEST_F(FetchS3, GetsAnObjectWithTheCredentialsOfTheEnvironment) {
  store_.put("bucket/a b+c.jpg", "picture");
  EXPECT_EQ(as_text(fetch_s3("s3://bucket/a b+c.jpg", {})), "picture");
  EXPECT_THAT(std::string(*find_header(store_.last().headers, "Authorization")),
              HasSubstr("/eu-central-1/s3/aws4_request"));
}

TEST_F(FetchS3, SaysWhatIsWrong) {
  EXPECT_THAT(problem("s3://bucket/none"), StartsWith("not_found: s3://bucket/none: S3 answers 404 NoSuchKey"));
  for (const char* url : {"s3://", "s3://bucket", "s3://bucket/", "s3:///key", "s3://a@b/key", "http://a"}) {
    EXPECT_THAT(problem(url), HasSubstr("is no path of the form s3://bucket/key")) << url;
  }
}

TEST_F(FetchS3, KeepsItsLimits) {
  store_.put("bucket/key", std::string(1'001, 'x'));
  EXPECT_EQ(problem("s3://bucket/key", {.bytes = 1'001}), "none");
  EXPECT_THAT(problem("s3://bucket/key", {.bytes = 1'000}), HasSubstr("larger than 1000 bytes"));
  store_.fault = [](const Request&) { return Response{503, "text/plain", "busy"}; };
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THAT(problem("s3://bucket/key", {.time = std::chrono::milliseconds(300)}), HasSubstr("S3 answers 503"));
  // All attempts together would take at least 1.5 seconds.
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(1'400));
}

TEST_F(FetchS3, FollowsNoRedirect) {
  store_.fault = [](const Request&) { return Response{307, "text/plain", "", {{"Location", "/bucket/elsewhere"}}}; };
  EXPECT_THAT(problem("s3://bucket/key"), HasSubstr("S3 answers 307"));
  EXPECT_EQ(store_.requests().size(), 1u);
}

}  // namespace
}  // namespace graft
