// Multipart uploads and copies through the API.
#include "s3/uploads.h"

#include <gmock/gmock.h>

#include "s3/checksum.h"
#include "s3/s3_testing.h"

namespace graft {
namespace {

using s3::Algorithm;
using test::body_of;
using test::element;
using test::header;
using test::TestStore;
using testing::HasSubstr;

std::string noise(std::size_t size, std::size_t seed) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>((i + seed) * 2654435761U >> 13);
  return bytes;
}

class UploadTest : public testing::Test {
 protected:
  UploadTest() { store.ask("PUT", "/bucket"); }
  std::string begin(Headers headers = {}) {
    return element(store.ask("POST", "/bucket/key?uploads", "", std::move(headers)).body, "UploadId");
  }
  Response put(const std::string& id, int number, const std::string& content, Headers headers = {}) {
    return store.ask("PUT", text("/bucket/key?uploadId=", id, "&partNumber=", number), content, std::move(headers));
  }
  Response complete(const std::string& id, const std::vector<std::pair<int, std::string>>& parts,
                    Headers headers = {}) {
    std::string xml = "<CompleteMultipartUpload>";
    for (const auto& [number, etag] : parts) {
      xml += text("<Part><PartNumber>", number, "</PartNumber><ETag>", etag, "</ETag></Part>");
    }
    return store.ask("POST", "/bucket/key?uploadId=" + id, xml + "</CompleteMultipartUpload>", std::move(headers));
  }
  std::size_t files() const { return store.files(); }
  TestStore store;
  const std::string first = noise(5 << 20, 1), second = noise(5 << 20, 2), last = "the end";
};

TEST_F(UploadTest, PutsPartsTogetherThatCameInAnyOrder) {
  const std::string id = begin({{"Content-Type", "image/png"}, {"x-amz-meta-a", "b"}});
  const std::string c = header(put(id, 7, last), "ETag"), b = header(put(id, 3, second), "ETag"),
                    a = header(put(id, 1, first), "ETag");
  const Response done = complete(id, {{1, a}, {3, b}, {7, c}});
  EXPECT_EQ(done.status, 200) << done.body;
  const auto md5 = [](const std::string& part) { return s3::digest_of(Algorithm::md5, as_bytes(part)); };
  const std::string digests = md5(first) + md5(second) + md5(last);
  EXPECT_EQ(element(done.body, "ETag"), "&quot;" + s3::to_hex(md5(digests)) + "-3&quot;");
  const Response got = store.ask("GET", "/bucket/key");
  EXPECT_EQ(body_of(got), first + second + last);
  EXPECT_EQ(got.content_type, "image/png");
  EXPECT_EQ(header(got, "x-amz-meta-a"), "b");
  EXPECT_EQ(files(), 1);
  EXPECT_EQ(element(complete(id, {{1, a}}).body, "Code"), "NoSuchUpload");
}

TEST_F(UploadTest, GivesAPartByItsNumber) {
  const std::string id = begin();
  const std::string a = header(put(id, 1, first), "ETag"), b = header(put(id, 2, last), "ETag");
  complete(id, {{1, a}, {2, b}});
  const Response part = store.ask("GET", "/bucket/key?partNumber=2");
  EXPECT_EQ(body_of(part), last);
  EXPECT_EQ(header(part, "x-amz-mp-parts-count"), "2");
  EXPECT_EQ(element(store.ask("GET", "/bucket/key?partNumber=3").body, "Code"), "InvalidRange");
  const std::string xml =
      store.ask("GET", "/bucket/key?attributes", "", {{"x-amz-object-attributes", "ObjectParts,ObjectSize"}}).body;
  EXPECT_EQ(element(xml, "PartsCount"), "2");
  EXPECT_EQ(element(xml, "ObjectSize"), text(first.size() + last.size()));
}

TEST_F(UploadTest, SurvivesARestart) {
  const std::string id = begin();
  const std::string a = header(put(id, 1, first), "ETag");
  store.restart();
  const std::string b = header(put(id, 2, last), "ETag");
  EXPECT_EQ(complete(id, {{1, a}, {2, b}}).status, 200);
  EXPECT_EQ(body_of(store.ask("GET", "/bucket/key")), first + last);
}

TEST_F(UploadTest, RefusesWhatDoesNotFitTogether) {
  const std::string id = begin();
  const std::string a = header(put(id, 1, "small"), "ETag"), b = header(put(id, 2, last), "ETag");
  EXPECT_EQ(element(complete(id, {{1, a}, {2, b}}).body, "Code"), "EntityTooSmall");
  EXPECT_EQ(element(complete(id, {{2, b}, {1, a}}).body, "Code"), "InvalidPartOrder");
  EXPECT_EQ(element(complete(id, {{1, b}}).body, "Code"), "InvalidPart");
  EXPECT_EQ(element(complete(id, {{9, b}}).body, "Code"), "InvalidPart");
  EXPECT_EQ(element(put(id, 0, "x").body, "Code"), "InvalidArgument");
  EXPECT_EQ(element(put(id, 10'001, "x").body, "Code"), "InvalidArgument");
  EXPECT_EQ(element(put("none", 1, "x").body, "Code"), "NoSuchUpload");
  EXPECT_EQ(complete(id, {{1, a}}).status, 200);
  EXPECT_EQ(body_of(store.ask("GET", "/bucket/key")), "small");
}

TEST_F(UploadTest, TakesThePartThatWasSentLast) {
  const std::string id = begin();
  put(id, 1, first);
  const std::string a = header(put(id, 1, second), "ETag");
  complete(id, {{1, a}});
  EXPECT_EQ(body_of(store.ask("GET", "/bucket/key")), second);
  EXPECT_EQ(files(), 1);
}

TEST_F(UploadTest, LeavesNothingOfAnAbortedOne) {
  const std::string id = begin();
  put(id, 1, first);
  EXPECT_EQ(store.ask("DELETE", "/bucket/key?uploadId=" + id).status, 204);
  EXPECT_EQ(files(), 0);
  EXPECT_EQ(element(put(id, 2, "x").body, "Code"), "NoSuchUpload");
}

TEST_F(UploadTest, HasTheChecksumOfTheWholeOrOfTheParts) {
  for (const std::string type : {"FULL_OBJECT", "COMPOSITE"}) {
    const std::string id = begin({{"x-amz-checksum-algorithm", "CRC32"}, {"x-amz-checksum-type", type}});
    const auto sum = [](const std::string& part) { return s3::digest_of(Algorithm::crc32, as_bytes(part)); };
    const Response one = put(id, 1, first, {{"x-amz-checksum-crc32", s3::base64(sum(first))}});
    const std::string a = header(one, "ETag"), b = header(put(id, 2, last), "ETag");
    const Response done = complete(id, {{1, a}, {2, b}});
    const std::string expected =
        type == "COMPOSITE" ? s3::base64(sum(sum(first) + sum(last))) + "-2" : s3::base64(sum(first + last));
    EXPECT_EQ(element(done.body, "ChecksumCRC32"), expected);
    const Response got = store.ask("HEAD", "/bucket/key", "", {{"x-amz-checksum-mode", "ENABLED"}});
    EXPECT_EQ(header(got, "x-amz-checksum-crc32"), expected);
    EXPECT_EQ(header(got, "x-amz-checksum-type"), type);
  }
  const Response none = store.ask("POST", "/bucket/key?uploads", "",
                                  {{"x-amz-checksum-algorithm", "SHA256"}, {"x-amz-checksum-type", "FULL_OBJECT"}});
  EXPECT_EQ(element(none.body, "Code"), "InvalidRequest");
}

TEST_F(UploadTest, ListsUploadsAndParts) {
  const std::string id = begin();
  put(id, 1, first);
  put(id, 2, last);
  const std::string uploads = store.ask("GET", "/bucket?uploads").body;
  EXPECT_EQ(element(uploads, "UploadId"), id);
  EXPECT_THAT(store.ask("GET", "/bucket?uploads&delimiter=e").body, HasSubstr("<Prefix>ke</Prefix>"));
  const std::string page = store.ask("GET", "/bucket/key?uploadId=" + id + "&max-parts=1").body;
  EXPECT_EQ(element(page, "PartNumber"), "1");
  EXPECT_EQ(element(page, "IsTruncated"), "true");
  EXPECT_EQ(element(store.ask("GET", "/bucket/key?uploadId=" + id + "&part-number-marker=1").body, "Size"), "7");
}

TEST_F(UploadTest, CopiesObjectsAndParts) {
  for (const std::string& content : {first, last}) {
    store.ask("PUT", "/bucket/source", content, {{"x-amz-meta-a", "b"}, {"x-amz-tagging", "t=1"}});
    const Response copied = store.ask("PUT", "/bucket/copy", "", {{"x-amz-copy-source", "/bucket/source"}});
    EXPECT_EQ(copied.status, 200) << copied.body;
    store.ask("DELETE", "/bucket/source");
    const Response got = store.ask("GET", "/bucket/copy");
    EXPECT_EQ(body_of(got), content);
    EXPECT_EQ(header(got, "x-amz-meta-a"), "b");
    EXPECT_EQ(header(got, "x-amz-tagging-count"), "1");
  }
  store.ask("PUT", "/bucket/source", first);
  const Response renamed = store.ask(
      "PUT", "/bucket/copy", "",
      {{"x-amz-copy-source", "bucket/source"}, {"x-amz-metadata-directive", "REPLACE"}, {"x-amz-meta-c", "d"}});
  EXPECT_EQ(renamed.status, 200);
  EXPECT_EQ(header(store.ask("HEAD", "/bucket/copy"), "x-amz-meta-c"), "d");
  const std::string id = begin();
  const Response part =
      put(id, 1, "", {{"x-amz-copy-source", "bucket/source"}, {"x-amz-copy-source-range", "bytes=5-14"}});
  complete(id, {{1, element(part.body, "ETag")}});
  EXPECT_EQ(body_of(store.ask("GET", "/bucket/key")), first.substr(5, 10));
}

TEST_F(UploadTest, CopiesNothingOfOthersAndNothingThatChanged) {
  store.ask("PUT", "/strange", "", {}, test::kStranger);
  store.ask("PUT", "/strange/key", "x", {}, test::kStranger);
  const auto code = [&](Headers headers) {
    return element(store.ask("PUT", "/bucket/copy", "", headers).body, "Code");
  };
  EXPECT_EQ(code({{"x-amz-copy-source", "/strange/key"}}), "AccessDenied");
  store.ask("PUT", "/bucket/source", "x");
  EXPECT_EQ(code({{"x-amz-copy-source", "/bucket/source"}, {"x-amz-copy-source-if-match", "\"0\""}}),
            "PreconditionFailed");
  EXPECT_EQ(code({{"x-amz-copy-source", "/bucket/none"}}), "NoSuchKey");
  EXPECT_EQ(code({{"x-amz-copy-source", "bucket"}}), "InvalidArgument");
}

}  // namespace
}  // namespace graft
