#include "control/route.h"

#include <gmock/gmock.h>

#include "http/url.h"

namespace graft {
namespace {

Request request(const std::string& method, const std::string& target, Headers headers = {}) {
  Target parts = parse_target(target).value();
  return {.method = method, .target = target, .path = parts.path, .query = parts.query, .headers = std::move(headers)};
}

std::pair<std::string, std::string> signed_for(const std::string& service) {
  return {"Authorization", "AWS4-HMAC-SHA256 Credential=AKIA/20130524/us-east-1/" + service +
                               "/aws4_request, SignedHeaders=host, Signature=" + std::string(64, '0')};
}

Door door(const std::string& method, const std::string& target, Headers headers = {}, bool bucket_in_host = false) {
  headers.emplace_back("X-Amz-Date", "20130524T000000Z");
  return route(request(method, target, std::move(headers)), bucket_in_host).door;
}

TEST(Route, FollowsTheTargetThenTheSignaturesScope) {
  EXPECT_EQ(door("POST", "/", {{"X-Amz-Target", "SageMaker.ListModels"}, signed_for("sagemaker")}), Door::json);
  EXPECT_EQ(door("POST", "/", {signed_for("sts")}), Door::query);
  EXPECT_EQ(door("POST", "/", {signed_for("iam")}), Door::query);
  EXPECT_EQ(door("POST", "/", {signed_for("monitoring")}), Door::query);
  EXPECT_EQ(door("POST", "/endpoints/e/invocations", {signed_for("sagemaker")}), Door::runtime);
  EXPECT_EQ(door("PUT", "/endpoints/e/invocations", {signed_for("s3")}), Door::objects);
  EXPECT_EQ(door("PUT", "/b/k", {signed_for("s3")}), Door::objects);
}

TEST(Route, TakesWhatIsPresignedOrUnsignedAsObjects) {
  EXPECT_EQ(door("GET", "/b/k?AWSAccessKeyId=A&Signature=x&Expires=1"), Door::objects);
  EXPECT_EQ(door("GET",
                 "/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A%2F20130524%2Fr%2Fs3%2Faws4_request&"
                 "X-Amz-Date=20130524T000000Z&X-Amz-Expires=1&X-Amz-SignedHeaders=host&X-Amz-Signature=" +
                     std::string(64, '0')),
            Door::objects);
  EXPECT_EQ(door("GET", "/b/k"), Door::objects);
  EXPECT_EQ(door("GET", "/b/k", {{"Authorization", "nonsense"}}), Door::objects);
}

TEST(Route, KnowsAnUnsignedFormByItsType) {
  EXPECT_EQ(door("POST", "/", {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}}), Door::query);
  EXPECT_EQ(door("POST", "/b", {{"Content-Type", "multipart/form-data; boundary=x"}}), Door::objects);
}

TEST(Route, KnowsAnUnsignedInvocationByItsPath) {
  EXPECT_EQ(door("POST", "/endpoints/e/invocations"), Door::runtime);
  EXPECT_EQ(door("PUT", "/endpoints/e/invocations"), Door::objects);
}

TEST(Route, KeepsAPathThatNoBucketCanHave) {
  EXPECT_EQ(door("GET", "/_/health"), Door::own);
  EXPECT_EQ(door("GET", "/_"), Door::own);
  EXPECT_EQ(door("GET", "/_x/health"), Door::objects);
  EXPECT_EQ(door("GET", "/_/health", {}, true), Door::objects);
  EXPECT_EQ(door("GET", "/_/health", {signed_for("s3")}), Door::objects);
}

}  // namespace
}  // namespace graft
