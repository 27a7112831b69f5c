#include "hosting/capture.h"

#include "base/json.h"
#include "hosting/hosting_testing.h"

namespace graft {
namespace {

using testing::MatchesRegex;
using namespace std::chrono_literals;

const auto kTime = std::chrono::system_clock::time_point(1'700'000'000'042ms);  // 2023-11-14 22:13:20.042

Request request(const std::string& type, const std::string& body) {
  Request asked{.headers = {{"Content-Type", type}}};
  const ByteView bytes = as_bytes(body);
  asked.body.assign(bytes.begin(), bytes.end());
  return asked;
}

TEST(Capture, WritesSageMakersLines) {
  const Request asked = request("image/jpeg", "\xff\xd8");
  const Response answered{.content_type = "application/json", .body = "{\"a\": 1}"};
  const Json line = Json::parse(capture_line({}, {asked, answered}, "id-1", kTime));
  EXPECT_EQ(line, Json::parse(R"({
    "captureData": {
      "endpointInput": {"observedContentType": "image/jpeg", "mode": "INPUT", "data": "/9g=", "encoding": "BASE64"},
      "endpointOutput": {"observedContentType": "application/json", "mode": "OUTPUT", "data": "{\"a\": 1}",
                         "encoding": "JSON"}},
    "eventMetadata": {"eventId": "id-1", "inferenceTime": "2023-11-14T22:13:20Z"},
    "eventVersion": "0"})"));
}

TEST(Capture, KeepsWhatItIsAskedTo) {
  Request asked = request("text/csv", "1,2");
  asked.headers.emplace_back("X-Amzn-SageMaker-Inference-Id", "mine");
  const Json line = Json::parse(capture_line({.output = false}, {asked, Response{}}, "id-1", kTime));
  EXPECT_EQ(line.at("captureData").size(), 1U);
  EXPECT_EQ(line.at("captureData").at("endpointInput").at("encoding"), "CSV");
  EXPECT_EQ(line.at("captureData").at("endpointInput").at("data"), "1,2");
  EXPECT_EQ(line.at("eventMetadata").at("inferenceId"), "mine");
}

TEST(Capture, WhatIsNoTextIsInBase64WhateverItsTypeSays) {
  const Request asked = request("application/json", "\xff");
  const Json line = Json::parse(capture_line({}, {asked, Response{}}, "id", kTime));
  EXPECT_EQ(line.at("captureData").at("endpointInput").at("encoding"), "BASE64");
}

TEST(Capture, NamesFilesByTheHour) {
  EXPECT_EQ(capture_key("flowers", "a", "id", kTime), "flowers/a/2023/11/14/22/13-20-042-id.jsonl");
}

class CaptureToStore : public testing::Test {
 protected:
  Capture::Options options() {
    return {.s3 = [this](const std::string&) { return store_.settings(); }, .period = 20ms, .most_bytes = 10'000};
  }
  void add(Capture& capture, const std::string& body, int percentage = 100) {
    capture.add(test::endpoint("flowers", {}), "a", {.uri = "s3://bucket/capture", .percentage = percentage},
                {request("text/csv", body), Response{.content_type = "text/csv", .body = "x"}});
  }
  std::size_t lines() {
    std::size_t count = 0;
    for (const auto& [key, content] : store_.objects("bucket/capture/")) {
      EXPECT_THAT(key, MatchesRegex("bucket/capture/flowers/a/[0-9/]+-[0-9]+-[0-9]+-[-0-9a-f]+\\.jsonl"));
      count += static_cast<std::size_t>(std::ranges::count(content, '\n'));
    }
    return count;
  }
  test::Store store_;
};

TEST_F(CaptureToStore, SendsWhatCame) {
  Capture capture(options());
  for (int i = 0; i < 10; ++i) add(capture, "1,2");
  EXPECT_TRUE(test::eventually([&] { return lines() == 10; }));
}

TEST_F(CaptureToStore, SendsTheRestAtItsEnd) {
  Capture::Options slow = options();
  slow.period = 1h;
  {
    Capture capture(slow);
    add(capture, "1,2");
  }
  EXPECT_EQ(lines(), 1U);
}

TEST_F(CaptureToStore, KeepsAShare) {
  Capture capture(options());
  for (int i = 0; i < 40; ++i) add(capture, "1", 0);
  EXPECT_EQ(capture.dropped(), 0U);
  add(capture, "2");
  EXPECT_TRUE(test::eventually([&] { return lines() == 1; }));
}

TEST_F(CaptureToStore, DropsWhatDoesNotFitWhileTheStoreIsDownAndSendsTheRestLater) {
  store_.refuses = true;
  Capture capture(options());
  for (int i = 0; i < 100; ++i) add(capture, std::string(300, 'x'));
  EXPECT_GT(capture.dropped(), 0U);
  EXPECT_LT(capture.dropped(), 100U);
  store_.refuses = false;
  EXPECT_TRUE(test::eventually([&] { return lines() == 100 - capture.dropped(); }));
}

}  // namespace
}  // namespace graft
