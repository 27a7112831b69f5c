// The expected signatures are those of AWS's documents: "Examples: signature calculations" of the S3 API reference, the
// IAM user guide, and the test suite of Signature Version 4.
#include "identity/canonical.h"

#include "http/base64.h"
#include "identity/identity_testing.h"
#include "identity/secret.h"

namespace graft {
namespace {

using test::request;

constexpr const char* kSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
constexpr const char* kNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

std::string signature(const Request& request, const Claim& claim, std::string_view path, std::string_view payload,
                      const char* secret) {
  const std::string words = string_to_sign(claim, canonical_request(request, claim, path, payload));
  return hex(hmac_sha256(signing_key(secret, claim), words));
}

Claim s3_claim(std::vector<std::string> signed_headers) {
  return {.day = "20130524",
          .region = "us-east-1",
          .service = "s3",
          .signed_headers = std::move(signed_headers),
          .time_words = "20130524T000000Z"};
}

TEST(Canonical, SignsAnObjectsReadingAsS3sDocumentsDo) {
  const Request get = request("GET", "/test.txt",
                              {{"Host", "examplebucket.s3.amazonaws.com"},
                               {"Range", "bytes=0-9"},
                               {"x-amz-content-sha256", kNothing},
                               {"x-amz-date", "20130524T000000Z"}});
  const Claim claim = s3_claim({"host", "range", "x-amz-content-sha256", "x-amz-date"});
  EXPECT_EQ(signature(get, claim, "/test.txt", kNothing, kSecret),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(Canonical, SignsAnObjectsWritingAsS3sDocumentsDo) {
  const std::string digest = hex(sha256(as_bytes("Welcome to Amazon S3.")));
  const Request put = request("PUT", "/test%24file.text",
                              {{"Host", "examplebucket.s3.amazonaws.com"},
                               {"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                               {"x-amz-date", "20130524T000000Z"},
                               {"x-amz-storage-class", "REDUCED_REDUNDANCY"},
                               {"x-amz-content-sha256", digest}});
  const Claim claim = s3_claim({"date", "host", "x-amz-content-sha256", "x-amz-date", "x-amz-storage-class"});
  EXPECT_EQ(signature(put, claim, "/test%24file.text", digest, kSecret),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST(Canonical, SignsQueriesAsS3sDocumentsDo) {
  const Headers headers{{"Host", "examplebucket.s3.amazonaws.com"},
                        {"x-amz-content-sha256", kNothing},
                        {"x-amz-date", "20130524T000000Z"}};
  const Claim claim = s3_claim({"host", "x-amz-content-sha256", "x-amz-date"});
  EXPECT_EQ(signature(request("GET", "/?lifecycle", headers), claim, "/", kNothing, kSecret),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  EXPECT_EQ(signature(request("GET", "/?prefix=J&max-keys=2", headers), claim, "/", kNothing, kSecret),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(Canonical, SignsAPresignedAddressAsS3sDocumentsDo) {
  const Request get =
      request("GET",
              "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524"
              "%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&"
              "X-Amz-SignedHeaders=host&X-Amz-Signature=0",
              {{"Host", "examplebucket.s3.amazonaws.com"}});
  EXPECT_EQ(signature(get, s3_claim({"host"}), "/test.txt", "UNSIGNED-PAYLOAD", kSecret),
            "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

TEST(Canonical, SignsTheTestSuitesSimplestRequest) {
  const Request get = request("GET", "/", {{"Host", "example.amazonaws.com"}, {"X-Amz-Date", "20150830T123600Z"}});
  const Claim claim{.day = "20150830",
                    .region = "us-east-1",
                    .service = "service",
                    .signed_headers = {"host", "x-amz-date"},
                    .time_words = "20150830T123600Z"};
  EXPECT_EQ(signature(get, claim, twice_encoded_path("/"), kNothing, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
}

TEST(Canonical, SignsAFormOfIamAsItsDocumentsDo) {
  const Request get = request("GET", "/?Action=ListUsers&Version=2010-05-08",
                              {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"},
                               {"Host", "iam.amazonaws.com"},
                               {"X-Amz-Date", "20150830T123600Z"}});
  const Claim claim{.day = "20150830",
                    .region = "us-east-1",
                    .service = "iam",
                    .signed_headers = {"content-type", "host", "x-amz-date"},
                    .time_words = "20150830T123600Z"};
  EXPECT_EQ(signature(get, claim, "/", kNothing, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
}

TEST(Canonical, SignsAnAddressOfSignatureV2) {
  // "Query string request authentication alternative" of S3's documents on signing REST requests.
  const Request get =
      request("GET", "/photos/puppy.jpg?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=x&Expires=1141889120",
              {{"Host", "awsexamplebucket1.us-west-1.s3.amazonaws.com"}});
  const std::string words = old_string_to_sign(get, {.expires = 1141889120}, "/awsexamplebucket1/photos/puppy.jpg");
  EXPECT_EQ(words, "GET\n\n\n1141889120\n/awsexamplebucket1/photos/puppy.jpg");
}

TEST(Canonical, PutsSubresourcesAndOwnHeadersIntoSignatureV2) {
  const Request put = request("PUT", "/b/k?uploadId=a%2Fb&prefix=x&acl&x-amz-meta-b=2&content-type=text%2Fplain",
                              {{"X-Amz-Meta-A", " 1  2 "}, {"x-amz-meta-a", "3"}});
  EXPECT_EQ(old_string_to_sign(put, {.expires = 7}, "/b/k"),
            "PUT\n\ntext/plain\n7\nx-amz-meta-a:1 2,3\nx-amz-meta-b:2\n/b/k?acl&uploadId=a/b");
}

TEST(Canonical, NormalisesAPathAndEscapesItOnceMore) {
  EXPECT_EQ(twice_encoded_path("/"), "/");
  EXPECT_EQ(twice_encoded_path("/a/./b//c/../d/"), "/a/b/d/");
  EXPECT_EQ(twice_encoded_path("/../.."), "/");
  EXPECT_EQ(twice_encoded_path("/endpoints/a%20b/invocations"), "/endpoints/a%2520b/invocations");
}

TEST(Canonical, SortsAQueryAndEscapesItAnew) {
  EXPECT_EQ(canonical_query("b=2&a=%2f&a=+x&c&X-Amz-Signature=1&d=%zz"), "a=%20x&a=%2F&b=2&c=&d=%25zz");
}

TEST(Canonical, FindsThePathOfATarget) {
  EXPECT_EQ(sent_target("http://host/a/b?c=d").path, "/a/b");
  EXPECT_EQ(sent_target("/a://b?c").path, "/a://b");
  EXPECT_EQ(sent_target("/a?c?d").query, "c?d");
}

}  // namespace
}  // namespace graft
