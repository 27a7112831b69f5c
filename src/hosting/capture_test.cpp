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

std::string line(const CaptureSpec& spec, const Request& asked, const Response& answered) {
  CapturedExchange kept = captured(spec, asked, answered);
  kept.event_id = "id-1";
  kept.time = kTime;
  return capture_line(kept);
}

TEST(Capture, WritesSageMakersLines) {
  const Request asked = request("image/jpeg", "\xff\xd8");
  const Response answered{.content_type = "application/json", .body = "{\"a\": 1}"};
  EXPECT_EQ(Json::parse(line({}, asked, answered)), Json::parse(R"({
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
  const Json kept = Json::parse(line({.output = false}, asked, {}));
  EXPECT_EQ(kept.at("captureData").size(), 1U);
  EXPECT_EQ(kept.at("captureData").at("endpointInput").at("encoding"), "CSV");
  EXPECT_EQ(kept.at("captureData").at("endpointInput").at("data"), "1,2");
  EXPECT_EQ(kept.at("eventMetadata").at("inferenceId"), "mine");
}

TEST(Capture, WhatIsNoTextIsInBase64WhateverItsTypeSays) {
  const Json kept = Json::parse(line({}, request("application/json", "\xff"), {}));
  EXPECT_EQ(kept.at("captureData").at("endpointInput").at("encoding"), "BASE64");
}

TEST(Capture, NamesFilesByTheHour) {
  EXPECT_EQ(capture_key("flowers", "a", "id", kTime), "flowers/a/2023/11/14/22/13-20-042-id.jsonl");
}

class CaptureToStore : public testing::Test {
 protected:
  Capture::Options options() {
    return {.s3 = [this](const std::string&) { return store_.settings(); },
            .dropped = [this](const std::string&, const std::string& endpoint, const std::string& variant,
                              std::uint64_t count) { told_[endpoint + "/" + variant] += static_cast<int>(count); },
            .period = 20ms,
            .most_bytes_of_variant = 30'000,
            .most_bytes_of_file = 10'000};
  }
  void add(Capture& capture, const std::string& body, int percentage = 100) {
    capture.add(test::endpoint("flowers", {}), "a", {.uri = "s3://bucket/capture", .percentage = percentage},
                request("text/csv", body), Response{.content_type = "text/csv", .body = "x"});
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
  std::map<std::string, int> told_;
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
  store_.refuses = 503;
  Capture capture(options());
  for (int i = 0; i < 100; ++i) add(capture, std::string(300, 'x'));
  const std::uint64_t dropped = capture.dropped();
  EXPECT_GT(dropped, 0U);
  EXPECT_LT(dropped, 100U);
  EXPECT_EQ(told_, (std::map<std::string, int>{{"flowers/a", dropped}}));
  store_.refuses = 0;
  EXPECT_TRUE(test::eventually([&] { return lines() == 100 - dropped; }));
  EXPECT_GE(store_.objects("bucket/capture/").size(), 3U);
}

TEST_F(CaptureToStore, DropsAtOnceWhatTheStoreWillNeverTake) {
  store_.refuses = 403;
  Capture capture(options());
  add(capture, "1");
  EXPECT_TRUE(test::eventually([&] { return capture.dropped() == 1; }));
  store_.refuses = 0;
  add(capture, "2");
  EXPECT_TRUE(test::eventually([&] { return lines() == 1; }));
}

TEST_F(CaptureToStore, WhatComesDoesNotWaitForAStoreThatHangs) {
  std::unique_lock hanging(store_.mutex());
  Capture capture(options());
  for (int i = 0; i < 100; ++i) add(capture, std::string(300, 'x'));
  EXPECT_GT(capture.dropped(), 0U);
  hanging.unlock();
  EXPECT_TRUE(test::eventually([&] { return lines() == 100 - capture.dropped(); }));
}

}  // namespace
}  // namespace graft
