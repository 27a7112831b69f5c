// What everyone may do with a bucket, through the API.
#include "s3/public_access.h"

#include <gmock/gmock.h>

#include "s3/s3_testing.h"

namespace graft {
namespace {

using test::element;
using test::kAnyone;
using test::kStranger;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class PublicAccessTest : public testing::Test {
 protected:
  PublicAccessTest() { store.ask("PUT", "/bucket"); }
  // The code of an error, or the status of what is none.
  std::string code(const std::string& method, const std::string& target, const std::string& body = "",
                   Headers headers = {}, const Caller& caller = test::kOwner) {
    const Response response = store.ask(method, target, body, std::move(headers), caller);
    const std::string name = element(response.body, "Code");
    return name.empty() ? std::to_string(response.status) : name;
  }
  test::TestStore store;
};

std::string policy(const std::string& action, const std::string& resource) {
  return R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":")" + action +
         R"(","Resource":"arn:aws:s3:::bucket)" + resource + "\"}]}";
}

TEST_F(PublicAccessTest, APolicyGivesWhatItSaysAndNoMore) {
  for (const std::string key : {"a/1", "b"}) store.ask("PUT", "/bucket/" + key, "x");
  EXPECT_EQ(code("PUT", "/bucket?policy", policy("s3:GetObject", "/*")), "204");
  EXPECT_EQ(code("GET", "/bucket/b", "", {}, kAnyone), "200");
  EXPECT_EQ(code("GET", "/bucket/missing", "", {}, kAnyone), "AccessDenied");
  EXPECT_EQ(code("GET", "/bucket", "", {}, kAnyone), "AccessDenied");
  EXPECT_EQ(code("PUT", "/bucket?policy", policy("s3:GetObject", "/a/*")), "204");
  EXPECT_EQ(code("GET", "/bucket/a/1", "", {}, kStranger), "200");
  EXPECT_EQ(code("GET", "/bucket/b", "", {}, kStranger), "AccessDenied");
  EXPECT_EQ(code("PUT", "/bucket?policy", policy("s3:ListBucket", "")), "204");
  EXPECT_EQ(code("GET", "/bucket?list-type=2", "", {}, kAnyone), "200");
  EXPECT_EQ(code("GET", "/bucket/b", "", {}, kAnyone), "AccessDenied");
  EXPECT_EQ(element(store.ask("GET", "/bucket?policyStatus").body, "IsPublic"), "true");
  EXPECT_EQ(code("DELETE", "/bucket?policy"), "204");
  EXPECT_EQ(code("GET", "/bucket?list-type=2", "", {}, kAnyone), "AccessDenied");
}

TEST_F(PublicAccessTest, TheWorldDoesNotLearnWhoseTheObjectsAre) {
  store.ask("PUT", "/bucket/key", "x");
  EXPECT_EQ(code("PUT", "/bucket?policy", policy("s3:ListBucket", "")), "204");
  for (const std::string list : {"", "?list-type=2&fetch-owner=true", "?versions"}) {
    EXPECT_THAT(store.ask("GET", "/bucket" + list).body, HasSubstr("<Owner>")) << list;
    const Response response = store.ask("GET", "/bucket" + list, "", {}, kAnyone);
    EXPECT_THAT(response.body, AllOf(HasSubstr("<Key>key</Key>"), Not(HasSubstr("<Owner>")))) << list;
  }
}

TEST_F(PublicAccessTest, RefusesPoliciesThatItCannotKeep) {
  EXPECT_EQ(code("PUT", "/bucket?policy", policy("s3:GetObject", "")), "MalformedPolicy");
  EXPECT_EQ(code("PUT", "/bucket?policy", policy("s3:PutObject", "/*")), "NotImplemented");
  EXPECT_EQ(code("PUT", "/bucket?policy", policy("s3:GetObject", "/*/x")), "NotImplemented");
  EXPECT_EQ(code("PUT", "/bucket?policy", policy("s3:GetObject", "2/*")), "NotImplemented");
  EXPECT_EQ(code("PUT", "/bucket?policy", R"({"Statement":[]})"), "MalformedPolicy");
  EXPECT_EQ(code("PUT", "/bucket?policy", R"({"Statement":[7]})"), "MalformedPolicy");
  EXPECT_EQ(code("GET", "/bucket?policy"), "NoSuchBucketPolicy");
}

TEST_F(PublicAccessTest, AnAccessBlockOverrulesAclsAndPolicies) {
  const auto block = [&](const std::string& name) {
    return code("PUT", "/bucket?publicAccessBlock",
                "<PublicAccessBlockConfiguration><" + name + ">true</" + name + "></PublicAccessBlockConfiguration>");
  };
  EXPECT_EQ(code("GET", "/bucket?publicAccessBlock"), "NoSuchPublicAccessBlockConfiguration");
  store.ask("PUT", "/bucket/key", "x", {{"x-amz-acl", "public-read"}});
  EXPECT_EQ(block("IgnorePublicAcls"), "200");
  EXPECT_EQ(element(store.ask("GET", "/bucket?publicAccessBlock").body, "IgnorePublicAcls"), "true");
  EXPECT_EQ(element(store.ask("GET", "/bucket?publicAccessBlock").body, "BlockPublicAcls"), "false");
  EXPECT_EQ(code("GET", "/bucket/key", "", {}, kAnyone), "AccessDenied");
  EXPECT_EQ(block("BlockPublicAcls"), "200");
  EXPECT_EQ(code("GET", "/bucket/key", "", {}, kAnyone), "200");
  EXPECT_EQ(code("PUT", "/bucket/other", "x", {{"x-amz-acl", "public-read"}}), "AccessDenied");
  EXPECT_EQ(code("PUT", "/bucket/key?acl", "", {{"x-amz-acl", "public-read"}}), "AccessDenied");
  EXPECT_EQ(code("PUT", "/bucket?acl", "", {{"x-amz-acl", "public-read"}}), "AccessDenied");
  EXPECT_EQ(code("PUT", "/bucket?policy", policy("s3:GetObject", "/*")), "204");
  EXPECT_EQ(block("BlockPublicPolicy"), "200");
  EXPECT_EQ(code("PUT", "/bucket?policy", policy("s3:GetObject", "/*")), "AccessDenied");
  store.ask("PUT", "/bucket/key?acl", "", {{"x-amz-acl", "private"}});
  EXPECT_EQ(code("GET", "/bucket/key", "", {}, kAnyone), "200");
  EXPECT_EQ(block("RestrictPublicBuckets"), "200");
  EXPECT_EQ(code("GET", "/bucket/key", "", {}, kAnyone), "AccessDenied");
  EXPECT_EQ(code("DELETE", "/bucket?publicAccessBlock"), "204");
  EXPECT_EQ(code("GET", "/bucket/key", "", {}, kAnyone), "200");
}

TEST_F(PublicAccessTest, ShowsWhatWasMadePublicToAnyone) {
  store.ask("PUT", "/bucket/open", "x", {{"x-amz-acl", "public-read"}});
  store.ask("PUT", "/bucket/closed", "x");
  EXPECT_EQ(code("GET", "/bucket/open", "", {}, kAnyone), "200");
  EXPECT_EQ(code("GET", "/bucket/closed", "", {}, kAnyone), "AccessDenied");
  EXPECT_EQ(code("GET", "/bucket/missing", "", {}, kAnyone), "AccessDenied");
  EXPECT_EQ(code("PUT", "/bucket?acl", "", {{"x-amz-acl", "public-read"}}), "200");
  EXPECT_EQ(code("GET", "/bucket/closed", "", {}, kAnyone), "200");
  EXPECT_EQ(code("PUT", "/bucket/closed", "", {}, kAnyone), "AccessDenied");
  EXPECT_EQ(code("PUT", "/bucket?acl", "", {{"x-amz-acl", "private"}}), "200");
  EXPECT_EQ(code("GET", "/bucket/closed", "", {}, kAnyone), "AccessDenied");
  EXPECT_EQ(code("PUT", "/bucket?acl", "", {{"x-amz-acl", "public-read-write"}}), "NotImplemented");
}

}  // namespace
}  // namespace graft
