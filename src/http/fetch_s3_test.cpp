// S3's side of a signed request, computed here by the rules of Signature Version 4 and not by libcurl.
#include <gmock/gmock.h>
#include <openssl/hmac.h>
#include <stdlib.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <sstream>

#include "base/digest.h"
#include "base/error.h"
#include "http/fetch.h"
#include "http/server.h"
#include "http/url.h"

namespace graft {
namespace {

using testing::HasSubstr;

std::string hmac(std::string_view key, std::string_view data) {
  std::string result(32, '\0');
  unsigned int length = 32;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(data.data()),
       data.size(), reinterpret_cast<unsigned char*>(result.data()), &length);
  return result;
}

std::string hex_text(std::string_view bytes) {
  Digest digest{};
  std::copy_n(bytes.begin(), digest.size(), digest.begin());
  return hex(digest);
}

// The text between `begin` and the next `end`.
std::string between(const std::string& all, const std::string& begin, char end) {
  const std::size_t at = all.find(begin);
  return at == std::string::npos ? ""
                                 : all.substr(at + begin.size(), all.find(end, at + begin.size()) - at - begin.size());
}

// The signature that the headers of `request` should have, for `secret`.
std::string signature(const Request& request, const std::string& secret) {
  const std::string authorization(find_header(request.headers, "Authorization").value_or(""));
  const std::string names = between(authorization, "SignedHeaders=", ',');
  const std::string scope = between(authorization, "Credential=", ',');
  const std::string date(find_header(request.headers, "x-amz-date").value_or(""));
  const std::string payload(find_header(request.headers, "x-amz-content-sha256").value_or("no hash of the payload"));
  std::string canonical = request.method + "\n" + percent_encode_path(request.path) + "\n\n";
  std::stringstream list(names);
  for (std::string name; std::getline(list, name, ';');) {
    canonical += name + ":" + std::string(find_header(request.headers, name).value_or("")) + "\n";
  }
  canonical += "\n" + names + "\n" + payload;
  std::stringstream parts(scope);
  std::string access_key, key = "AWS4" + secret, part;
  std::getline(parts, access_key, '/');
  while (std::getline(parts, part, '/')) key = hmac(key, part);
  const std::string rest = scope.substr(std::min(scope.size(), access_key.size() + 1));
  const std::string words = "AWS4-HMAC-SHA256\n" + date + "\n" + rest + "\n" + hex(sha256(as_bytes(canonical)));
  return hex_text(hmac(key, words));
}

std::string signature_of(const Request& request) {
  return between(std::string(find_header(request.headers, "Authorization").value_or("")), "Signature=", ',');
}

TEST(FetchS3Check, GivesTheSignatureThatAwsPublishes) {
  // "Example: GET Object" of the S3 API reference, "Authenticating Requests: Using the Authorization Header".
  const Request request{
      .method = "GET",
      .path = "/test.txt",
      .headers = {{"Host", "examplebucket.s3.amazonaws.com"},
                  {"Range", "bytes=0-9"},
                  {"x-amz-content-sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
                  {"x-amz-date", "20130524T000000Z"},
                  {"Authorization",
                   "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
                   "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=x"}}};
  EXPECT_EQ(signature(request, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

// S3 at AWS_ENDPOINT_URL_S3, with the environment of who asks it. Its objects are what their names say.
class FetchS3 : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION",
                             "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"}) {
      unsetenv(name);
    }
    setenv("AWS_ENDPOINT_URL_S3", url("/").c_str(), 1);
  }
  void TearDown() override { unsetenv("AWS_ENDPOINT_URL_S3"); }

  std::string url(const std::string& path) const { return text("http://127.0.0.1:", server_.port(), path); }
  Request last() {
    const std::lock_guard lock(mutex_);
    return last_;
  }
  std::string problem(const std::string& object) {
    try {
      fetch_s3(object, {});
      return "none";
    } catch (const Error& error) {
      return error.what();
    }
  }

 private:
  void answer(const Request& request, const Reply& reply) {
    if (request.path == "/credentials") {
      return reply(
          {200, "application/json", R"({"AccessKeyId": "id", "SecretAccessKey": "secret", "Token": "token"})"});
    }
    const std::lock_guard lock(mutex_);
    last_ = request;
    if (request.path.ends_with("missing")) {
      return reply({404, "application/xml", "<Error><Code>NoSuchKey</Code><Message>no such key</Message></Error>"});
    }
    if (request.path.ends_with("moved")) return reply({307, "text/plain", "", {{"Location", "/bucket/elsewhere"}}});
    reply({200, "image/jpeg", request.path});
  }

  std::mutex mutex_;
  Request last_;  // guarded by mutex_
  Server server_{{}, [this](const Request& request, const Reply& reply) { answer(request, reply); }};
};

TEST_F(FetchS3, SignsKeysOfAnyCharacters) {
  setenv("AWS_ACCESS_KEY_ID", "id", 1);
  setenv("AWS_SECRET_ACCESS_KEY", "secret/+=", 1);
  setenv("AWS_REGION", "eu-central-1", 1);
  for (const std::string key : {"plain.jpg", "a b+c.jpg", "ä/ö ü.jpg", "a%20b", "a//b", "../up", "a/./b", "q?x=1&y#f",
                                "(1)!*'@:,;=$~[]{}|\\^`\"<>"}) {
    EXPECT_EQ(as_text(fetch_s3("s3://bucket/" + key, {})), "/bucket/" + key);
    const Request request = last();
    EXPECT_EQ(signature_of(request), signature(request, "secret/+=")) << key;
    EXPECT_THAT(std::string(find_header(request.headers, "Authorization").value_or("")),
                HasSubstr("/eu-central-1/s3/aws4_request"));
  }
}

TEST_F(FetchS3, SignsTheTokenOfASession) {
  setenv("AWS_ACCESS_KEY_ID", "id", 1);
  setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
  setenv("AWS_SESSION_TOKEN", "session/token==", 1);
  fetch_s3("s3://bucket/key", {});
  EXPECT_EQ(find_header(last().headers, "x-amz-security-token"), "session/token==");
  EXPECT_THAT(std::string(find_header(last().headers, "Authorization").value_or("")),
              HasSubstr("x-amz-security-token"));
  EXPECT_EQ(signature_of(last()), signature(last(), "secret"));
}

TEST_F(FetchS3, AsksForTheCredentialsOfAContainer) {
  setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url("/credentials").c_str(), 1);
  fetch_s3("s3://bucket/key", {});
  EXPECT_EQ(find_header(last().headers, "x-amz-security-token"), "token");
  EXPECT_EQ(signature_of(last()), signature(last(), "secret"));
}

TEST_F(FetchS3, SignsNothingWithoutCredentials) {
  EXPECT_EQ(as_text(fetch_s3("s3://bucket/public", {})), "/bucket/public");
  EXPECT_FALSE(find_header(last().headers, "Authorization"));
}

TEST_F(FetchS3, SaysWhatS3Says) {
  EXPECT_EQ(problem("s3://bucket/missing"), "s3://bucket/missing: S3 answers 404: no such key");
  EXPECT_EQ(problem("s3://bucket/moved"), "s3://bucket/moved: S3 answers 307: it gives no reason");
  for (const char* url :
       {"s3://", "s3://bucket", "s3://bucket/", "s3:///key", "s3://a@b/key", "s3://a:1/key", "http://a"}) {
    EXPECT_THAT(problem(url), HasSubstr("is no URL of the form s3://bucket/key")) << url;
  }
}

}  // namespace
}  // namespace graft
