// Buckets and objects through the API, without sockets.
#include "s3/object_service.h"

#include <gmock/gmock.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "database/database.h"
#include "s3/checksum.h"
#include "s3/s3_testing.h"

namespace graft {
namespace {

using test::body_of;
using test::element;
using test::FakeExchange;
using test::header;
using test::kAnyone;
using test::kStranger;
using test::TestStore;
using testing::HasSubstr;
using testing::Not;

class ObjectServiceTest : public testing::Test {
 protected:
  ObjectServiceTest() { EXPECT_EQ(store.ask("PUT", "/bucket").status, 200); }
  // The code of an error, or the status of what is none.
  std::string code(const std::string& method, const std::string& target, const std::string& body = "",
                   Headers headers = {}, const Caller& caller = test::kOwner) {
    const Response response = store.ask(method, target, body, std::move(headers), caller);
    const std::string name = element(response.body, "Code");
    return name.empty() ? std::to_string(response.status) : name;
  }
  std::string get(const std::string& target, Headers headers = {}) {
    return body_of(store.ask("GET", target, "", std::move(headers)));
  }
  std::size_t files() const { return store.files(); }
  TestStore store;
};

std::string noise(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 2654435761U >> 13);
  return bytes;
}

TEST_F(ObjectServiceTest, GivesBackWhatWasPutWhateverItsSize) {
  for (const std::size_t size : {0, 1, 32 << 10, (32 << 10) + 1, 300'000, 1 << 20}) {
    const std::string content = noise(size);
    const Response put = store.ask("PUT", "/bucket/key", content);
    EXPECT_EQ(header(put, "ETag"), '"' + s3::to_hex(s3::digest_of(s3::Algorithm::md5, as_bytes(content))) + '"');
    const Response got = store.ask("GET", "/bucket/key");
    EXPECT_EQ(body_of(got), content) << size;
    EXPECT_EQ(got.content_type, "binary/octet-stream");
    EXPECT_EQ(store.ask("HEAD", "/bucket/key").length, size);
  }
}

TEST_F(ObjectServiceTest, KeepsWhatWasAnsweredThroughARestart) {
  store.ask("PUT", "/bucket/small", "small");
  store.ask("PUT", "/bucket/large", noise(100'000));
  store.restart();
  EXPECT_EQ(get("/bucket/small"), "small");
  EXPECT_EQ(get("/bucket/large"), noise(100'000));
}

TEST_F(ObjectServiceTest, RemovesTheFilesOfWhatIsReplacedAndDeleted) {
  store.ask("PUT", "/bucket/key", noise(100'000));
  store.ask("PUT", "/bucket/key", noise(200'000));
  EXPECT_EQ(files(), 1);
  store.ask("PUT", "/bucket/key", "small");
  EXPECT_EQ(files(), 0);
  store.ask("PUT", "/bucket/key", noise(100'000));
  EXPECT_EQ(store.ask("DELETE", "/bucket/key").status, 204);
  EXPECT_EQ(files(), 0);
  EXPECT_EQ(code("GET", "/bucket/key"), "NoSuchKey");
}

TEST_F(ObjectServiceTest, LeavesNothingOfAnUploadThatBreaksOff) {
  FakeExchange exchange(test::make_request("PUT", "/bucket/key", {}), test::kOwner, noise(500'000));
  exchange.breaks = true;
  EXPECT_GE(store.ask(exchange).status, 400);
  EXPECT_EQ(code("GET", "/bucket/key"), "NoSuchKey");
  EXPECT_EQ(files(), 0);
}

TEST_F(ObjectServiceTest, GivesAReaderTheObjectThatItBeganToRead) {
  store.ask("PUT", "/bucket/key", noise(100'000));
  const Response got = store.ask("GET", "/bucket/key");
  store.ask("PUT", "/bucket/key", std::string(100'000, 'x'));
  EXPECT_EQ(body_of(got), noise(100'000));
}

TEST_F(ObjectServiceTest, TakesKeysForNamesAndNeverForPaths) {
  for (const std::string key : {"../x", "a//b", ".", "..", "a/../../../../etc/passwd", "%C3%A4%20%2B&=", "x/"}) {
    EXPECT_EQ(code("PUT", "/bucket/" + key, "of " + key), "200");
    EXPECT_EQ(get("/bucket/" + key), "of " + key);
  }
  EXPECT_EQ(code("PUT", "/bucket/" + std::string(1025, 'k')), "KeyTooLongError");
  EXPECT_EQ(code("PUT", "/bucket/%ff"), "InvalidURI");
}

TEST_F(ObjectServiceTest, AnswersRanges) {
  for (const std::size_t size : {1000, 100'000}) {
    const std::string content = noise(size);
    store.ask("PUT", "/bucket/key", content);
    EXPECT_EQ(get("/bucket/key", {{"Range", "bytes=10-19"}}), content.substr(10, 10));
    EXPECT_EQ(get("/bucket/key", {{"Range", "bytes=900-"}}), content.substr(900));
    EXPECT_EQ(get("/bucket/key", {{"Range", "bytes=-7"}}), content.substr(size - 7));
    const Response part = store.ask("GET", "/bucket/key", "", {{"Range", "bytes=0-9999999"}});
    EXPECT_EQ(part.status, 206);
    EXPECT_EQ(header(part, "Content-Range"), text("bytes 0-", size - 1, "/", size));
    EXPECT_EQ(code("GET", "/bucket/key", "", {{"Range", text("bytes=", size, "-")}}), "InvalidRange");
  }
}

TEST_F(ObjectServiceTest, KeepsWhatTheClientSaysOfAnObject) {
  store.ask("PUT", "/bucket/key", "x",
            {{"Content-Type", "image/jpeg"},
             {"Content-Encoding", "aws-chunked,gzip"},
             {"x-amz-meta-Author", "me"},
             {"Cache-Control", "no-cache"},
             {"x-amz-server-side-encryption", "AES256"},
             {"Accept", "never kept"}});
  const Response got = store.ask("HEAD", "/bucket/key");
  EXPECT_EQ(got.content_type, "image/jpeg");
  EXPECT_EQ(header(got, "content-encoding"), "gzip");
  EXPECT_EQ(header(got, "x-amz-meta-author"), "me");
  EXPECT_EQ(header(got, "cache-control"), "no-cache");
  EXPECT_EQ(header(got, "x-amz-server-side-encryption"), "AES256");
  EXPECT_EQ(header(got, "accept"), "");
  EXPECT_EQ(code("PUT", "/bucket/key", "x", {{"x-amz-meta-a", std::string(3000, 'a')}}), "MetadataTooLarge");
  EXPECT_EQ(header(store.ask("GET", "/bucket/key?response-cache-control=a"), "cache-control"), "a");
  EXPECT_EQ(code("GET", "/bucket/key?response-cache-control=a%0d%0aSet-Cookie:%20b"), "InvalidArgument");
}

TEST_F(ObjectServiceTest, ChecksWhatTheClientPromisesOfTheContent) {
  const auto sum = [](s3::Algorithm algorithm) { return s3::base64(s3::digest_of(algorithm, as_bytes("hello"))); };
  for (const s3::Algorithm algorithm : s3::checksum_algorithms()) {
    const std::string name(s3::header_of(algorithm));
    EXPECT_EQ(header(store.ask("PUT", "/bucket/key", "hello", {{name, sum(algorithm)}}), name), sum(algorithm));
    EXPECT_EQ(code("PUT", "/bucket/other", "hullo", {{name, sum(algorithm)}}), "BadDigest");
    const Response got = store.ask("GET", "/bucket/key", "", {{"x-amz-checksum-mode", "ENABLED"}});
    EXPECT_EQ(header(got, name), sum(algorithm));
    EXPECT_EQ(header(store.ask("GET", "/bucket/key"), name), "");
    EXPECT_EQ(
        header(store.ask("GET", "/bucket/key", "", {{"x-amz-checksum-mode", "ENABLED"}, {"Range", "bytes=0-1"}}), name),
        "");
  }
  EXPECT_EQ(code("PUT", "/bucket/key", "hello", {{"Content-MD5", sum(s3::Algorithm::md5)}}), "200");
  EXPECT_EQ(code("PUT", "/bucket/other", "hullo", {{"Content-MD5", sum(s3::Algorithm::md5)}}), "BadDigest");
  EXPECT_EQ(code("PUT", "/bucket/other", "hello", {{"Content-MD5", "AAAA"}}), "InvalidDigest");
  EXPECT_EQ(code("GET", "/bucket/other"), "NoSuchKey");
}

TEST_F(ObjectServiceTest, ChecksAChecksumBehindTheBody) {
  const Headers announced{{"x-amz-trailer", "x-amz-checksum-crc32"}};
  const auto put = [&](Headers trailers) {
    return store.ask("PUT", "/bucket/key", "hello", announced, test::kOwner, std::move(trailers));
  };
  EXPECT_EQ(put({{"x-amz-checksum-crc32", "NhCmhg=="}}).status, 200);
  EXPECT_EQ(element(put({{"x-amz-checksum-crc32", "NhCmhw=="}}).body, "Code"), "BadDigest");
  EXPECT_EQ(element(put({}).body, "Code"), "InvalidRequest");
}

TEST_F(ObjectServiceTest, JudgesConditionsOfReads) {
  const std::string etag = header(store.ask("PUT", "/bucket/key", "x"), "ETag");
  EXPECT_EQ(code("GET", "/bucket/key", "", {{"If-Match", etag}}), "200");
  EXPECT_EQ(code("GET", "/bucket/key", "", {{"If-Match", "\"y\""}}), "PreconditionFailed");
  const Response unchanged = store.ask("GET", "/bucket/key", "", {{"If-None-Match", etag}});
  EXPECT_EQ(unchanged.status, 304);
  EXPECT_EQ(header(unchanged, "ETag"), etag);
  const std::string past = "Wed, 21 Oct 2015 07:28:00 GMT", future = "Wed, 21 Oct 2099 07:28:00 GMT";
  EXPECT_EQ(code("GET", "/bucket/key", "", {{"If-Modified-Since", past}}), "200");
  EXPECT_EQ(code("GET", "/bucket/key", "", {{"If-Modified-Since", future}}), "304");
  EXPECT_EQ(code("GET", "/bucket/key", "", {{"If-Unmodified-Since", past}}), "PreconditionFailed");
  EXPECT_EQ(code("GET", "/bucket/key", "", {{"If-Unmodified-Since", past}, {"If-Match", etag}}), "200");
}

TEST_F(ObjectServiceTest, JudgesConditionsOfWrites) {
  EXPECT_EQ(code("PUT", "/bucket/key", "x", {{"If-Match", "*"}}), "NoSuchKey");
  EXPECT_EQ(code("PUT", "/bucket/key", "x", {{"If-None-Match", "*"}}), "200");
  EXPECT_EQ(code("PUT", "/bucket/key", "y", {{"If-None-Match", "*"}}), "PreconditionFailed");
  EXPECT_EQ(code("PUT", "/bucket/key", "y", {{"If-Match", "\"0\""}}), "PreconditionFailed");
  const std::string etag = header(store.ask("HEAD", "/bucket/key"), "ETag");
  EXPECT_EQ(code("PUT", "/bucket/key", "y", {{"If-Match", etag}}), "200");
  EXPECT_EQ(get("/bucket/key"), "y");
  EXPECT_EQ(code("DELETE", "/bucket/key", "", {{"If-Match", etag}}), "PreconditionFailed");
}

TEST_F(ObjectServiceTest, HidesBucketsOfOtherAccounts) {
  store.ask("PUT", "/bucket/key", "x");
  for (const Caller& caller : {kStranger, kAnyone}) {
    for (const std::string method : {"GET", "PUT", "DELETE"}) {
      EXPECT_EQ(code(method, "/bucket/key", "", {}, caller), "AccessDenied") << method;
    }
    EXPECT_EQ(code("GET", "/bucket", "", {}, caller), "AccessDenied");
    EXPECT_EQ(code("DELETE", "/bucket", "", {}, caller), "AccessDenied");
    EXPECT_EQ(code("POST", "/bucket?delete", "<Delete><Object><Key>key</Key></Object></Delete>", {}, caller),
              "AccessDenied");
    EXPECT_EQ(store.ask("HEAD", "/bucket/key", "", {}, caller).status, 403);
  }
  EXPECT_EQ(code("PUT", "/bucket", "", {}, kStranger), "BucketAlreadyExists");
  EXPECT_THAT(store.ask("GET", "/", "", {}, kStranger).body, Not(HasSubstr("bucket</Name>")));
  EXPECT_EQ(get("/bucket/key"), "x");
}

TEST_F(ObjectServiceTest, AQueryMayHoldWhatHeadersSay) {
  EXPECT_EQ(code("PUT", "/bucket/key?x-amz-meta-who=me&X-Amz-Signature=1&x-amz-acl=public-read", "x"), "200");
  EXPECT_EQ(header(store.ask("HEAD", "/bucket/key"), "x-amz-meta-who"), "me");
  EXPECT_EQ(code("GET", "/bucket/key", "", {}, kAnyone), "200");
  EXPECT_EQ(code("PUT", "/bucket/key?x-amz-object-lock-mode=GOVERNANCE", "x"), "NotImplemented");
  EXPECT_EQ(code("PUT", "/bucket/key?x-amz-checksum-crc32=AAAAAA%3D%3D&x-amz-sdk-checksum-algorithm=CRC32", "x"),
            "200");
  EXPECT_EQ(code("PUT", "/bucket/key?AWSAccessKeyId=id&x-amz-acl=public-read", "x"), "AccessDenied");
  EXPECT_EQ(
      code("PUT", "/bucket/key?AWSAccessKeyId=id&x-amz-acl=private&content-type=a", "x", {{"x-amz-acl", "private"}}),
      "200");
}

TEST_F(ObjectServiceTest, MakesAndRemovesBuckets) {
  EXPECT_EQ(code("PUT", "/bucket"), "200");  // as S3 does in us-east-1
  Caller elsewhere = test::kOwner;
  elsewhere.region = "eu-central-1";
  EXPECT_EQ(code("PUT", "/bucket", "", {}, elsewhere), "BucketAlreadyOwnedByYou");
  EXPECT_EQ(
      code("PUT", "/other",
           "<CreateBucketConfiguration><LocationConstraint>us-west-2</LocationConstraint></CreateBucketConfiguration>"),
      "200");
  EXPECT_THAT(store.ask("GET", "/other?location").body, HasSubstr(">us-west-2</LocationConstraint>"));
  EXPECT_EQ(header(store.ask("HEAD", "/other"), "x-amz-bucket-region"), "us-west-2");
  EXPECT_THAT(store.ask("GET", "/").body, HasSubstr("<Name>other</Name>"));
  store.ask("PUT", "/other/key", "x");
  EXPECT_EQ(code("DELETE", "/other"), "BucketNotEmpty");
  store.ask("DELETE", "/other/key");
  EXPECT_EQ(code("DELETE", "/other"), "204");
  EXPECT_EQ(code("GET", "/other"), "NoSuchBucket");
  for (const std::string& name :
       std::vector<std::string>{"ab", "Upper", "a_b", "1.2.3.4", "-ab", "a..b", std::string(64, 'a')}) {
    EXPECT_EQ(code("PUT", "/" + name), "InvalidBucketName") << name;
  }
  EXPECT_EQ(code("HEAD", "/bucket", "", {{"x-amz-expected-bucket-owner", "000000000009"}}), "403");
}

TEST_F(ObjectServiceTest, DeletesManyAtOnce) {
  for (const std::string key : {"a", "b", "c"}) store.ask("PUT", "/bucket/" + key, "x");
  const Response done = store.ask("POST", "/bucket?delete",
                                  "<Delete><Object><Key>a</Key></Object><Object><Key>b</Key></Object>"
                                  "<Object><Key>missing</Key></Object>"
                                  "<Object><Key>c</Key><VersionId>7</VersionId></Object></Delete>");
  EXPECT_THAT(done.body, HasSubstr("<Deleted><Key>a</Key></Deleted>"));
  EXPECT_THAT(done.body, HasSubstr("<Deleted><Key>missing</Key></Deleted>"));
  EXPECT_EQ(element(done.body, "Code"), "NoSuchVersion");
  EXPECT_EQ(code("GET", "/bucket/a"), "NoSuchKey");
  EXPECT_EQ(code("GET", "/bucket/c"), "200");
  const std::string bomb = "<!DOCTYPE d [<!ENTITY a \"aaaaaaaa\">]><Delete><Object><Key>&a;</Key></Object></Delete>";
  EXPECT_EQ(code("POST", "/bucket?delete", bomb), "MalformedXML");
  EXPECT_EQ(code("POST", "/bucket?delete", std::string(3 << 20, '<')), "MaxMessageLengthExceeded");
}

TEST_F(ObjectServiceTest, RefusesWhatIsNotBuiltByItsName) {
  store.ask("PUT", "/bucket/key", "x");
  EXPECT_THAT(store.ask("GET", "/bucket?inventory").body, HasSubstr("?inventory"));
  EXPECT_EQ(code("GET", "/bucket?inventory"), "NotImplemented");
  EXPECT_EQ(code("PUT", "/bucket?lifecycle", "<LifecycleConfiguration/>"), "NotImplemented");
  EXPECT_EQ(code("PUT", "/bucket/key", "x", {{"x-amz-server-side-encryption-customer-key", "k"}}), "NotImplemented");
  EXPECT_EQ(code("PUT", "/bucket/key", "x", {{"x-amz-new-thing", "k"}}), "NotImplemented");
  EXPECT_EQ(code("POST", "/bucket/key?restore"), "NotImplemented");
  EXPECT_EQ(code("GET", "/bucket?lifecycle"), "NoSuchLifecycleConfiguration");
  EXPECT_EQ(code("GET", "/bucket?policy"), "NoSuchBucketPolicy");
}

TEST_F(ObjectServiceTest, FindsTheBucketInTheHost) {
  store.ask("PUT", "/bucket/key", "x");
  EXPECT_EQ(get("/key", {{"Host", "bucket.s3.example.org:9000"}}), "x");
  EXPECT_EQ(get("/key", {{"Host", "BUCKET.localhost:9000"}}), "x");
  EXPECT_EQ(get("/bucket/key", {{"Host", "127.0.0.1:9000"}}), "x");
  EXPECT_EQ(get("/bucket/key", {{"Host", "s3.example.org"}}), "x");
}

TEST_F(ObjectServiceTest, KeepsTags) {
  EXPECT_EQ(code("GET", "/bucket?tagging"), "NoSuchTagSet");
  const std::string tags = "<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>";
  EXPECT_EQ(code("PUT", "/bucket?tagging", tags), "204");
  EXPECT_EQ(element(store.ask("GET", "/bucket?tagging").body, "Value"), "v");
  store.ask("PUT", "/bucket/key", "x", {{"x-amz-tagging", "a=b%20c&d="}});
  EXPECT_EQ(element(store.ask("GET", "/bucket/key?tagging").body, "Value"), "b c");
  EXPECT_EQ(header(store.ask("HEAD", "/bucket/key"), "x-amz-tagging-count"), "2");
  EXPECT_EQ(code("PUT", "/bucket/key?tagging", tags), "200");
  EXPECT_EQ(element(store.ask("GET", "/bucket/key?tagging").body, "Key"), "k");
  EXPECT_EQ(code("PUT", "/bucket/none?tagging", tags), "NoSuchKey");
  EXPECT_EQ(code("DELETE", "/bucket/key?tagging"), "204");
  EXPECT_EQ(header(store.ask("HEAD", "/bucket/key"), "x-amz-tagging-count"), "");
}

TEST_F(ObjectServiceTest, SaysForTheAuditWhatWasDone) {
  store.ask("PUT", "/bucket/a/b", "x");
  EXPECT_EQ(store.done.operation, "PutObject");
  EXPECT_EQ(store.done.resource, "bucket/a/b");
  store.ask("GET", "/bucket/none");
  EXPECT_EQ(store.done.status, 404);
  EXPECT_EQ(store.done.code, "NoSuchKey");
}

TEST_F(ObjectServiceTest, NoticesContentThatWasDamaged) {
  store.ask("PUT", "/bucket/key", "small");
  {
    Database database(store.folder() / "objects.db");
    database.run("update contents set bytes = 'smell'");
  }
  EXPECT_EQ(code("GET", "/bucket/key"), "InternalError");
}

TEST_F(ObjectServiceTest, NoticesAFileThatWasDamaged) {
  store.ask("PUT", "/bucket/key", noise(100'000));
  for (const auto& entry : std::filesystem::recursive_directory_iterator(store.folder() / "objects")) {
    if (entry.is_regular_file()) std::filesystem::resize_file(entry.path(), 99'999);
  }
  EXPECT_EQ(code("GET", "/bucket/key"), "InternalError");
}

TEST_F(ObjectServiceTest, RemovesAtAStartWhatNothingNames) {
  const std::string content = noise(100'000);
  store.ask("PUT", "/bucket/key", content);
  std::filesystem::create_directory(store.folder() / "objects/07");
  std::ofstream(store.folder() / "objects/07/0000000000000007") << "of a put that was killed";
  EXPECT_EQ(files(), 2);
  store.restart();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (files() > 1 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_EQ(files(), 1);
  EXPECT_EQ(get("/bucket/key"), content);
}

}  // namespace
}  // namespace graft
