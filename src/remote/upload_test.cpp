#include <gmock/gmock.h>

#include "base/error.h"
#include "base/file.h"
#include "remote/file_transfer.h"
#include "remote/test_store.h"

namespace graft {
namespace {

using testing::HasSubstr;

constexpr std::size_t kMiB = 1 << 20;

// A file of 40 MiB, which is three parts; every MiB of it is another one.
class Upload : public testing::Test {
 protected:
  void SetUp() override {
    for (std::size_t i = 0; i < 40; ++i) content_ += std::string(kMiB, static_cast<char>('A' + i));
    write_file(file_, content_);
  }
  std::string problem() {
    return problem_of([&] { upload(store_.settings(), file_, {"bucket", "dir/large.bin"}); });
  }

  TemporaryFolder folder_;
  const std::filesystem::path file_ = folder_.path() / "large.bin";
  std::string content_;
  TestStore store_;
};

TEST_F(Upload, OfALargeFileIsInParts) {
  EXPECT_EQ(problem(), "none");
  EXPECT_EQ(store_.content("bucket/dir/large.bin"), content_);
  EXPECT_EQ(store_.count("PUT /bucket/dir/large.bin?partNumber="), 3u);
  EXPECT_EQ(store_.unfinished_uploads(), 0u);
  EXPECT_EQ(find_object(store_.settings(), {"bucket", "dir/large.bin"})->etag, expected_etag(file_));
}

TEST_F(Upload, OfASmallFileIsOneRequest) {
  const auto small = folder_.path() / "report.html";
  write_file(small, "<html></html>");
  upload(store_.settings(), small, {"bucket", "report.html"});
  EXPECT_EQ(store_.content("bucket/report.html"), "<html></html>");
  EXPECT_EQ(store_.requests().size(), 1u);
  EXPECT_EQ(find_header(store_.last().headers, "Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(find_object(store_.settings(), {"bucket", "report.html"})->etag, expected_etag(small));
}

TEST_F(Upload, SendsAPartAgainWhenItFailsForAMoment) {
  int failures = 2;
  store_.fault = [&](const Request& request) -> std::optional<Response> {
    if (!request.query.contains("partNumber") || failures-- <= 0) return std::nullopt;
    return Response{500, "text/plain", "a moment please"};
  };
  EXPECT_EQ(problem(), "none");
  EXPECT_EQ(store_.content("bucket/dir/large.bin"), content_);
}

TEST_F(Upload, TakesItsPartsBackWhenItFails) {
  store_.fault = [&](const Request& request) -> std::optional<Response> {
    if (!request.query.contains("partNumber") || request.query.at("partNumber") != "2") return std::nullopt;
    return Response{403, "application/xml", "<Error><Code>AccessDenied</Code><Message>no more</Message></Error>"};
  };
  EXPECT_EQ(problem(), "denied: s3://bucket/dir/large.bin: S3 answers 403 AccessDenied: no more");
  EXPECT_EQ(store_.unfinished_uploads(), 0u);
  EXPECT_FALSE(store_.content("bucket/dir/large.bin"));
}

TEST_F(Upload, BelievesACompletionOnlyWhenItIsOne) {
  store_.fault = [&](const Request& request) -> std::optional<Response> {
    if (request.method != "POST" || !request.query.contains("uploadId")) return std::nullopt;
    return Response{200, "application/xml", "<Error><Code>InternalError</Code><Message>it broke</Message></Error>"};
  };
  EXPECT_THAT(problem(), HasSubstr("InternalError: it broke"));
  EXPECT_EQ(store_.unfinished_uploads(), 0u);
}

TEST_F(Upload, ThatIsDoneThoughTheAnswerWasLostIsDone) {
  bool lost = false;
  store_.fault = [&](const Request& request) -> std::optional<Response> {
    if (request.method != "POST" || !request.query.contains("uploadId") || lost) return std::nullopt;
    lost = true;
    store_.complete(request);
    return Response{502, "text/html", "a proxy has lost it"};
  };
  EXPECT_EQ(problem(), "none");
  EXPECT_EQ(store_.content("bucket/dir/large.bin"), content_);
}

TEST_F(Upload, IsNotTakenForTheObjectThatWasThereBefore) {
  store_.put("bucket/dir/large.bin", std::string(content_.size(), 'y'));
  store_.fault = [&](const Request& request) -> std::optional<Response> {
    if (request.method != "POST" || !request.query.contains("uploadId")) return std::nullopt;
    return Response{404, "application/xml", "<Error><Code>NoSuchUpload</Code><Message>gone</Message></Error>"};
  };
  EXPECT_THAT(problem(), HasSubstr("NoSuchUpload: gone"));
}

TEST_F(Upload, SaysWhichFileIsNotThere) {
  EXPECT_THAT(problem_of([&] {
                upload(store_.settings(), folder_.path() / "none", {"bucket", "key"});
              }),
              HasSubstr("not_found: cannot read "));
  EXPECT_THAT(problem_of([&] {
                upload(store_.settings(), folder_.path(), {"bucket", "key"});
              }),
              HasSubstr("it is not a file"));
}

}  // namespace
}  // namespace graft
