#include "s3/form_policy.h"

#include <gtest/gtest.h>

#include <span>

#include "base/error.h"
#include "base/file.h"
#include "identity/secret.h"
#include "s3/checksum.h"

namespace graft::s3 {
namespace {

using FormFields = std::map<std::string, std::string>;

constexpr std::int64_t kNow = 1'700'000'000'000;  // 2023-11-14

std::string policy(const std::string& conditions, const std::string& expiration = "2023-11-15T00:00:00Z") {
  return base64(R"({"expiration":")" + expiration + R"(","conditions":[{"bucket":"b"},)" + conditions + "]}");
}

// The code of its refusal, or empty.
std::string check(const std::string& document, const FormFields& fields) {
  try {
    check_policy(document, "b", fields, kNow, 1000);
    return {};
  } catch (const Error& error) {
    return error.code();
  }
}

TEST(FormPolicy, AllowsWhatItSaysAndNothingElse) {
  const std::string starts = policy(R"(["starts-with","$key","user/"],["eq","$acl","private"])");
  EXPECT_EQ(check(starts, {{"key", "user/a"}, {"acl", "private"}}), "");
  EXPECT_EQ(check(starts, {{"key", "other/a"}, {"acl", "private"}}), "AccessDenied");
  EXPECT_EQ(check(starts, {{"key", "user/a"}, {"acl", "public-read"}}), "AccessDenied");
  EXPECT_EQ(check(starts, {{"key", "user/a"}}), "AccessDenied");
  EXPECT_EQ(check(starts, {{"key", "user/a"}, {"acl", "private"}, {"x-amz-meta-a", "b"}}), "AccessDenied");
}

TEST(FormPolicy, ExpiresAndNamesItsBucket) {
  EXPECT_EQ(check(policy(R"({"key":"k"})", "2023-11-14T00:00:00Z"), {{"key", "k"}}), "AccessDenied");
  EXPECT_EQ(check(base64(R"({"expiration":"2023-11-15T00:00:00Z","conditions":[{"bucket":"c"},{"key":"k"}]})"),
                  {{"key", "k"}}),
            "AccessDenied");
  EXPECT_EQ(check(base64(R"({"expiration":"2023-11-15T00:00:00Z","conditions":[{"key":"k"}]})"), {{"key", "k"}}),
            "AccessDenied");
}

TEST(FormPolicy, LimitsTheSize) {
  const FormLimits limits =
      check_policy(policy(R"({"key":"k"},["content-length-range",5,10])"), "b", {{"key", "k"}}, kNow, 1000);
  EXPECT_EQ(limits.least, 5);
  EXPECT_EQ(limits.most, 10);
}

TEST(FormPolicy, RefusesWhatIsNone) {
  EXPECT_EQ(check("!", {}), "InvalidPolicyDocument");
  EXPECT_EQ(check(base64("{}"), {}), "InvalidPolicyDocument");
  EXPECT_EQ(check(base64("[[["), {}), "InvalidPolicyDocument");
  EXPECT_EQ(check(policy(R"(["matches","$key","x"])"), {{"key", "x"}}), "InvalidPolicyDocument");
  EXPECT_EQ(check(policy(R"(["content-length-range","a","b"])"), {}), "InvalidPolicyDocument");
}

TEST(FormPolicy, IsSignedByAKeyThatIsKnown) {
  const TemporaryFolder folder;
  Identity identity(folder.path());
  const AccessKey key = identity.add_key("somebody");
  const std::string document = policy(R"({"key":"k"})");
  const auto digest = hmac_sha1(key.secret_key, document);
  FormFields fields{{"policy", document},
                    {"awsaccesskeyid", key.access_key},
                    {"signature", encode_base64(std::as_bytes(std::span(digest)))}};
  EXPECT_EQ(form_signer(identity, fields).account, key.account);
  fields["policy"] = policy(R"({"key":"other"})");
  EXPECT_THROW(form_signer(identity, fields), Error);
  fields["policy"] = document;
  identity.revoke(key.access_key);
  EXPECT_THROW(form_signer(identity, fields), Error);
  EXPECT_THROW(form_signer(identity, {{"policy", document}}), Error);
  EXPECT_THROW(form_signer(identity, {{"policy", document}, {"x-amz-credential", "a/b"}}), Error);
}

}  // namespace
}  // namespace graft::s3
