#include <gmock/gmock.h>

#include "base/error.h"
#include "remote/digests.h"
#include "remote/test_store.h"

namespace graft {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

std::string get(const TestStore& store, const std::string& path) {
  return std::string(as_text(get_object(store.settings(), parse_s3(path), 1 << 20)));
}

TEST(S3Path, IsReadAndNamed) {
  const S3Path path = parse_s3("s3://bucket.name/a/b c%20d");
  EXPECT_EQ(path.bucket, "bucket.name");
  EXPECT_EQ(path.key, "a/b c%20d");
  EXPECT_EQ(name(path), "s3://bucket.name/a/b c%20d");
  EXPECT_EQ(parse_s3("s3://bucket").key, "");
  EXPECT_EQ(parse_s3("s3://bucket/").key, "");
  for (const std::string wrong :
       {"s3://", "s3:///key", "s3://a@b/key", "s3://a:1/key", "s3://../key", "http://a", "a"}) {
    EXPECT_THAT(problem_of([&] { parse_s3(wrong); }), HasSubstr("is no path of the form s3://bucket/key")) << wrong;
  }
  EXPECT_THAT(problem_of([] { parse_s3("s3://b/" + std::string(1025, 'k')); }), HasSubstr("1025 bytes"));
}

TEST(Object, IsPutFoundGotAndDeletedWhateverItsKey) {
  TestStore store;
  for (const std::string key : {"plain.jpg", "a b+c.jpg", "ä/ö ü.jpg", "a%20b", "a//b", "../up", "a/./b", "q?x=1&y#f",
                                "(1)!*'@:,;=$~[]{}|\\^`\"<>", "folder/"}) {
    const S3Path path{"bucket", key};
    put_object(store.settings(), path, as_bytes("content of " + key), "text/plain");
    EXPECT_EQ(store.content("bucket/" + key), "content of " + key);
    EXPECT_EQ(get(store, "s3://bucket/" + key), "content of " + key);
    const auto found = find_object(store.settings(), path);
    ASSERT_TRUE(found) << key;
    EXPECT_EQ(found->size, 11 + key.size());
    EXPECT_TRUE(is_md5(found->etag));
    EXPECT_GT(found->modified, 1'700'000'000);
    delete_object(store.settings(), path);
    EXPECT_FALSE(find_object(store.settings(), path));
  }
}

TEST(Object, OfThisMachineIsAskedForWithoutAProxy) {
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  setenv("all_proxy", "http://127.0.0.1:1", 1);
  TestStore store;
  put_object(store.settings(), {"bucket", "key"}, as_bytes("x"), "");
  EXPECT_EQ(get(store, "s3://bucket/key"), "x");
  unsetenv("http_proxy");
  unsetenv("all_proxy");
}

TEST(Object, TellsItsTypeAndSignsIt) {
  TestStore store;
  put_object(store.settings(), {"bucket", "key"}, as_bytes("{}"), "application/json");
  EXPECT_EQ(find_header(store.last().headers, "Content-Type"), "application/json");
  EXPECT_THAT(std::string(*find_header(store.last().headers, "Authorization")), HasSubstr("content-type;host"));
}

TEST(Object, IsSignedWithTheTokenOfASession) {
  TestStore store;
  S3Settings settings = store.settings();
  settings.session_token = "session/token==";
  put_object(settings, {"bucket", "key"}, as_bytes("x"));
  EXPECT_EQ(find_header(store.last().headers, "x-amz-security-token"), "session/token==");
  EXPECT_THAT(std::string(*find_header(store.last().headers, "Authorization")), HasSubstr("x-amz-security-token"));
}

TEST(Object, IsAskedForUnsignedWithoutAKey) {
  TestStore store;
  store.fault = [](const Request& request) -> std::optional<Response> {
    EXPECT_FALSE(find_header(request.headers, "Authorization"));
    return Response{200, "text/plain", "public"};
  };
  EXPECT_EQ(as_text(get_object({.endpoint = store.url()}, {"bucket", "key"}, 100)), "public");
}

TEST(Object, SaysWhatTheStoreSays) {
  TestStore store;
  EXPECT_EQ(problem_of([&] { get(store, "s3://bucket/missing"); }),
            "not_found: s3://bucket/missing: S3 answers 404 NoSuchKey: it is so");
  S3Settings wrong = store.settings();
  wrong.secret_key = "wrong";
  EXPECT_THAT(problem_of([&] {
                get_object(wrong, {"bucket", "key"}, 1);
              }),
              StartsWith("denied: s3://bucket/key: S3 answers 403 SignatureDoesNotMatch"));
  EXPECT_EQ(problem_of([&] {
              find_object(wrong, {"bucket", "key"});
            }),
            "denied: s3://bucket/key: S3 answers 403: it gives no reason");
  try {
    get(store, "s3://bucket/missing");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), "NoSuchKey");
  }
}

TEST(Object, LargerThanAllowedIsNotRead) {
  TestStore store;
  store.put("bucket/key", std::string(1000, 'x'));
  EXPECT_EQ(get_object(store.settings(), {"bucket", "key"}, 1000).size(), 1000u);
  EXPECT_EQ(problem_of([&] {
              get_object(store.settings(), {"bucket", "key"}, 999);
            }),
            "unavailable: s3://bucket/key: it is larger than 999 bytes");
}

TEST(Object, IsTriedAgainWhenTheStoreIsBusy) {
  TestStore store;
  store.put("bucket/key", "content");
  int failures = 3;
  store.fault = [&](const Request&) -> std::optional<Response> {
    static constexpr int kStatus[] = {500, 503, 429};
    if (failures == 0) return std::nullopt;
    return Response{kStatus[--failures], "text/plain", "busy"};
  };
  EXPECT_EQ(get(store, "s3://bucket/key"), "content");
  EXPECT_EQ(store.count("GET"), 4u);
}

TEST(Object, IsGivenUpWhenTheStoreStaysBusyAndAtOnceWhenItRefuses) {
  TestStore store;
  store.fault = [](const Request&) { return Response{503, "application/xml", "<Error><Code>SlowDown</Code></Error>"}; };
  EXPECT_EQ(problem_of([&] { get(store, "s3://bucket/key"); }),
            "unavailable: s3://bucket/key: S3 answers 503 SlowDown: it gives no reason");
  EXPECT_EQ(store.count("GET"), 6u);
  store.fault = [](const Request&) {
    return Response{501, "application/xml", "<Error><Code>NotImplemented</Code></Error>"};
  };
  EXPECT_THAT(problem_of([&] { get(store, "s3://bucket/key"); }), HasSubstr("501 NotImplemented"));
  EXPECT_EQ(store.count("GET"), 7u);
}

TEST(Object, NobodyListeningIsSaidSo) {
  std::string gone;
  {
    const TestStore store;
    gone = store.url();
  }
  EXPECT_THAT(problem_of([&] {
                get_object({.endpoint = gone}, {"bucket", "key"}, 1);
              }),
              testing::AllOf(StartsWith("unavailable: s3://bucket/key: "), EndsWith(", 6 times")));
}

TEST(Object, GoesOnWhereTheConnectionBroke) {
  const std::string etag = "ETag: \"9e107d9d372bb6826bd81d3542a419d6\"\r\n";  // md5 of the sentence
  ScriptedServer server(
      {"HTTP/1.1 200 OK\r\nContent-Length: 43\r\n" + etag + "\r\nThe quick brown ",
       "HTTP/1.1 206 Partial Content\r\nContent-Length: 27\r\nContent-Range: bytes 16-42/43\r\n" + etag +
           "\r\nfox jumps ",
       // One that knows no ranges.
       "HTTP/1.1 200 OK\r\nContent-Length: 43\r\n" + etag + "\r\nThe quick brown fox jumps over the lazy dog"});
  EXPECT_EQ(as_text(get_object(server.settings(), {"bucket", "key"}, 100)),
            "The quick brown fox jumps over the lazy dog");
  const std::vector<std::string> heads = server.heads();
  EXPECT_THAT(heads[0], testing::Not(HasSubstr("range:")));
  EXPECT_THAT(heads[1], HasSubstr("range: bytes=16-\r\nif-match: \"9e107d9d372bb6826bd81d3542a419d6\"\r\n"));
  EXPECT_THAT(heads[2], HasSubstr("range: bytes=26-"));
}

TEST(Object, ThatChangesMeanwhileIsReadFromItsBeginning) {
  ScriptedServer server({"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nETag: \"a\"\r\n\r\nol",
                         "HTTP/1.1 412 Precondition Failed\r\nContent-Length: 0\r\n\r\n",
                         "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nETag: \"b\"\r\n\r\nnew"});
  EXPECT_EQ(as_text(get_object(server.settings(), {"bucket", "key"}, 100)), "new");
}

TEST(Object, CutOffForGoodIsAnError) {
  ScriptedServer server(std::vector<std::string>(6, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive."));
  EXPECT_THAT(problem_of([&] {
                get_object(server.settings(), {"bucket", "key"}, 100);
              }),
              testing::AllOf(StartsWith("unavailable: s3://bucket/key: "), EndsWith(", 6 times")));
  ScriptedServer endless({"HTTP/1.1 200 OK\r\n\r\nwho knows whether this is all"});
  EXPECT_EQ(problem_of([&] {
              get_object(endless.settings(), {"bucket", "key"}, 100);
            }),
            "unavailable: s3://bucket/key: the store does not say how long it is");
}

TEST(Object, ThatDoesNotMatchItsDigestsIsRefused) {
  TestStore store;
  const auto with = [&](const std::string& name, const std::string& value) {
    store.fault = [=](const Request&) { return Response{200, "text/plain", "abc", {{name, value}}}; };
    return problem_of([&] { get(store, "s3://bucket/key"); });
  };
  EXPECT_EQ(with("ETag", "\"900150983cd24fb0d6963f7d28e17f72\""), "none");
  EXPECT_EQ(with("ETag", "\"900150983cd24fb0d6963f7d28e17f73\""),
            "unavailable: s3://bucket/key: what arrived does not match its ETag");
  EXPECT_EQ(store.count("GET"), 4u);  // three times, in case that it was the wire
  EXPECT_EQ(with("ETag", "\"900150983cd24fb0d6963f7d28e17f73-2\""), "none");
  EXPECT_EQ(with("x-amz-checksum-sha1", "qZk+NkcGgWq6PiVxeFDCbJzQ2J0="), "none");
  EXPECT_THAT(with("x-amz-checksum-sha1", "qZk+NkcGgWq6PiVxeFDCbJzQ2J4="), EndsWith("its header x-amz-checksum-sha1"));
  EXPECT_THAT(with("x-amz-checksum-sha256", "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="), "none");
  EXPECT_THAT(with("x-amz-checksum-sha256", "AngWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="), HasSubstr("sha256"));
  EXPECT_EQ(with("x-amz-checksum-sha256", "AngWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=-3"), "none");
  EXPECT_EQ(with("x-amz-checksum-crc32", "NSRBwg=="), "none");
  EXPECT_THAT(with("x-amz-checksum-crc32", "NSRBww=="), HasSubstr("crc32"));
  EXPECT_EQ(with("x-amz-checksum-crc32c", "Nks/tw=="), "none");
  EXPECT_THAT(with("x-amz-checksum-crc32c", "Nks/uA=="), HasSubstr("crc32c"));
  EXPECT_THAT(with("x-amz-checksum-crc64nvme", "AAAAAAAAAAA="), HasSubstr("crc64nvme"));
  store.fault = [](const Request&) {
    return Response{200,
                    "text/plain",
                    "abc",
                    {{"ETag", "\"00000000000000000000000000000000\""}, {"x-amz-server-side-encryption", "aws:kms"}}};
  };
  EXPECT_EQ(get(store, "s3://bucket/key"), "abc");
}

TEST(List, FollowsItsPagesAndDecodesKeys) {
  TestStore store;
  const std::vector<std::string> keys = {"p/a b", "p/a+b", "p/a%2Fb", "p/c/d", "p/e", "p/f&<>", "p/ä"};
  for (const std::string& key : keys) store.put("bucket/" + key, key);
  store.put("bucket/q", "not of it");
  std::vector<std::string> found;
  list_objects(store.settings(), {"bucket", "p/"}, [&](const RemoteObject& object) {
    found.push_back(object.key);
    EXPECT_EQ(object.size, object.key.size());
    EXPECT_EQ(object.modified, 1'700'000'000);
    EXPECT_TRUE(is_md5(object.etag));
  });
  std::vector<std::string> sorted = keys;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(found, sorted);
  EXPECT_EQ(store.count("GET /bucket"), 3u);
}

TEST(List, OfWhatIsNoStoreIsAnError) {
  TestStore store;
  const auto with = [&](const std::string& xml) {
    store.fault = [=](const Request&) { return Response{200, "text/html", xml}; };
    return problem_of([&] { list_objects(store.settings(), {"bucket", ""}, [](const RemoteObject&) {}); });
  };
  EXPECT_THAT(with("<html>Welcome to nginx!</html>"), HasSubstr("s3://bucket/: what answers is no S3"));
  EXPECT_THAT(with("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"), HasSubstr("goes on"));
  EXPECT_THAT(with("<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>a</NextContinuationToken>"
                   "</ListBucketResult>"),
              HasSubstr("does not end"));
  EXPECT_THAT(with("<ListBucketResult><Contents><Key>a</Key><Size>-1</Size></Contents></ListBucketResult>"),
              HasSubstr("is no number"));
  EXPECT_THAT(with("<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>%zz</Key><Size>1</Size></Contents>"
                   "</ListBucketResult>"),
              HasSubstr("badly encoded"));
}

}  // namespace
}  // namespace graft
