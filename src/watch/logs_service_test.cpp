#include "watch/logs_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "base/file.h"
#include "watch/service_testing.h"

namespace graft {
namespace {

using testing::ElementsAre;

class LogsServiceTest : public testing::Test {
 protected:
  Json ask(std::string_view operation, const Json& input) { return aws::call(service, caller, operation, input); }
  std::string refusal(std::string_view operation, const Json& input) {
    return graft::refusal(service, caller, operation, input);
  }
  void write(const std::string& stream, const std::vector<std::pair<std::int64_t, std::string>>& lines) {
    std::vector<LogEvent> events;
    for (const auto& [time, message] : lines) events.push_back({.time = time, .message = message});
    logs.append_timed("123456789012", "g", stream, events);
  }

  const Caller caller{.account = "123456789012", .region = "us-east-1"};
  TemporaryFolder folder;
  Logs logs{folder.path()};
  aws::Service service = logs_service(logs);
};

std::vector<std::string> messages(const Json& answer) {
  std::vector<std::string> messages;
  for (const Json& event : answer["events"]) messages.push_back(event["message"]);
  return messages;
}

TEST_F(LogsServiceTest, ReadingForwardEndsWithTheSameToken) {
  write("s", {{10, "a"}, {20, "b"}, {30, "c"}});
  Json ask_next = {{"logGroupName", "g"}, {"logStreamName", "s"}, {"startFromHead", true}, {"limit", 2}};
  Json answer = ask("GetLogEvents", ask_next);
  EXPECT_THAT(messages(answer), ElementsAre("a", "b"));
  EXPECT_EQ(answer["events"][0]["timestamp"], 10);
  ask_next["nextToken"] = answer["nextForwardToken"];
  answer = ask("GetLogEvents", ask_next);
  EXPECT_THAT(messages(answer), ElementsAre("c"));
  ask_next["nextToken"] = answer["nextForwardToken"];
  answer = ask("GetLogEvents", ask_next);
  EXPECT_TRUE(answer["events"].empty());
  EXPECT_EQ(answer["nextForwardToken"], ask_next["nextToken"]);
  write("s", {{40, "d"}});
  EXPECT_THAT(messages(ask("GetLogEvents", ask_next)), ElementsAre("d"));
}

TEST_F(LogsServiceTest, ReadingBackwardEndsWithTheSameToken) {
  write("s", {{10, "a"}, {20, "b"}, {30, "c"}});
  Json ask_next = {{"logGroupName", "g"}, {"logStreamName", "s"}, {"limit", 2}};
  Json answer = ask("GetLogEvents", ask_next);
  EXPECT_THAT(messages(answer), ElementsAre("b", "c"));
  ask_next["nextToken"] = answer["nextBackwardToken"];
  answer = ask("GetLogEvents", ask_next);
  EXPECT_THAT(messages(answer), ElementsAre("a"));
  ask_next["nextToken"] = answer["nextBackwardToken"];
  answer = ask("GetLogEvents", ask_next);
  EXPECT_TRUE(answer["events"].empty());
  EXPECT_EQ(answer["nextBackwardToken"], ask_next["nextToken"]);
  ask_next["nextToken"] = answer["nextForwardToken"];
  EXPECT_THAT(messages(ask("GetLogEvents", ask_next)), ElementsAre("a", "b"));
}

TEST_F(LogsServiceTest, AnEmptyStreamHasTokensThatFindItsFirstLine) {
  ask("CreateLogGroup", {{"logGroupName", "g"}});
  ask("CreateLogStream", {{"logGroupName", "g"}, {"logStreamName", "s"}});
  const Json answer = ask("GetLogEvents", {{"logGroupName", "g"}, {"logStreamName", "s"}});
  EXPECT_TRUE(answer["events"].empty());
  write("s", {{10, "a"}});
  EXPECT_THAT(messages(ask("GetLogEvents",
                           {{"logGroupName", "g"}, {"logStreamName", "s"}, {"nextToken", answer["nextForwardToken"]}})),
              ElementsAre("a"));
}

TEST_F(LogsServiceTest, SaysWhatIsNotThere) {
  const Json stream = {{"logGroupName", "g"}, {"logStreamName", "s"}};
  EXPECT_EQ(refusal("GetLogEvents", stream), "ResourceNotFoundException: The specified log group does not exist.");
  EXPECT_EQ(refusal("DescribeLogStreams", {{"logGroupName", "g"}}),
            "ResourceNotFoundException: The specified log group does not exist.");
  write("other", {{1, "x"}});
  EXPECT_EQ(refusal("GetLogEvents", stream), "ResourceNotFoundException: The specified log stream does not exist.");
  EXPECT_EQ(refusal("DeleteLogStream", stream), "ResourceNotFoundException: The specified log stream does not exist.");
  Json bad = {{"logGroupName", "g"}, {"logStreamName", "other"}};
  for (const char* token : {"x", "f/", "f/x", "f/1x", "f/-1", "f/99999999999999999999"}) {
    bad["nextToken"] = token;
    EXPECT_EQ(refusal("GetLogEvents", bad), "InvalidParameterException: The specified nextToken is invalid.") << token;
  }
  EXPECT_THAT(refusal("StartQuery", Json::object()), testing::HasSubstr("StartQuery"));
}

TEST_F(LogsServiceTest, StreamsHaveATokenOnlyWhenThereAreMore) {
  for (const char* name : {"j/3", "j/1", "j/2", "k/1"}) write(name, {{5, "x"}});
  Json input = {{"logGroupName", "g"}, {"logStreamNamePrefix", "j/"}, {"orderBy", "LogStreamName"}, {"limit", 3}};
  Json answer = ask("DescribeLogStreams", input);
  EXPECT_EQ(answer["logStreams"].size(), 3U);
  EXPECT_FALSE(answer.contains("nextToken"));
  EXPECT_EQ(answer["logStreams"][0]["arn"], "arn:aws:logs:us-east-1:123456789012:log-group:g:log-stream:j/1");
  input["limit"] = 2;
  answer = ask("DescribeLogStreams", input);
  EXPECT_EQ(answer["logStreams"][1]["logStreamName"], "j/2");
  input["nextToken"] = answer["nextToken"];
  answer = ask("DescribeLogStreams", input);
  EXPECT_EQ(answer["logStreams"].size(), 1U);
  EXPECT_EQ(answer["logStreams"][0]["logStreamName"], "j/3");
  EXPECT_FALSE(answer.contains("nextToken"));
}

TEST_F(LogsServiceTest, StreamsCanBeListedByTheirLastLine) {
  write("a", {{9, "x"}});
  write("b", {{5, "x"}});
  write("c", {{7, "x"}});
  const Json answer =
      ask("DescribeLogStreams", {{"logGroupName", "g"}, {"orderBy", "LastEventTime"}, {"descending", true}});
  std::string names;
  for (const Json& stream : answer["logStreams"]) names += stream["logStreamName"].get<std::string>();
  EXPECT_EQ(names, "acb");
}

TEST_F(LogsServiceTest, FilteredLinesAreInterleavedPageByPage) {
  write("a", {{10, "a1"}, {20, "a2"}, {20, "a3"}, {40, "a4"}});
  write("b", {{15, "b1"}, {20, "b2"}, {30, "b3"}});
  for (const int limit : {1, 2, 3, 100}) {
    Json input = {{"logGroupName", "g"}, {"limit", limit}};
    std::vector<std::string> all;
    std::vector<std::string> ids;
    while (true) {
      const Json answer = ask("FilterLogEvents", input);
      for (const Json& event : answer["events"]) {
        all.push_back(event["message"]);
        ids.push_back(event["eventId"]);
        EXPECT_EQ(ids.back().size(), 56U);
      }
      if (!answer.contains("nextToken")) break;
      input["nextToken"] = answer["nextToken"];
    }
    EXPECT_THAT(all, ElementsAre("a1", "b1", "a2", "a3", "b2", "b3", "a4")) << limit;
    std::sort(ids.begin(), ids.end());
    EXPECT_EQ(std::unique(ids.begin(), ids.end()), ids.end());
  }
}

TEST_F(LogsServiceTest, FiltersByPatternStreamAndTime) {
  write("a", {{10, "loss 1"}, {20, "note"}, {30, "loss 2"}});
  write("b", {{20, "loss 3"}});
  EXPECT_THAT(messages(ask("FilterLogEvents", {{"logGroupName", "g"}, {"filterPattern", "loss"}})),
              ElementsAre("loss 1", "loss 3", "loss 2"));
  EXPECT_THAT(messages(ask("FilterLogEvents", {{"logGroupName", "g"}, {"logStreamNames", {"b"}}})),
              ElementsAre("loss 3"));
  EXPECT_THAT(
      messages(ask("FilterLogEvents", {{"logGroupName", "g"}, {"logStreamNamePrefix", "a"}, {"startTime", 20}})),
      ElementsAre("note", "loss 2"));
  EXPECT_THAT(messages(ask("FilterLogEvents", {{"logGroupName", "g"}, {"endTime", 20}})),
              ElementsAre("loss 1", "note", "loss 3"));
  EXPECT_THAT(refusal("FilterLogEvents", {{"logGroupName", "g"}, {"filterPattern", "{ $.x = 1 }"}}),
              testing::HasSubstr("JSON"));
  EXPECT_THAT(
      messages(ask("FilterLogEvents", {{"logGroupIdentifier", "arn:aws:logs:us-east-1:123456789012:log-group:g:*"}})),
      testing::SizeIs(4));
}

TEST_F(LogsServiceTest, AScanThatIsTooLongGoesOnWithItsToken) {
  std::vector<std::pair<std::int64_t, std::string>> lines(60'000, {10, "x"});
  lines.push_back({20, "needle"});
  write("a", lines);
  Json input = {{"logGroupName", "g"}, {"filterPattern", "needle"}};
  Json answer = ask("FilterLogEvents", input);
  EXPECT_TRUE(answer["events"].empty());
  input["nextToken"] = answer["nextToken"];
  answer = ask("FilterLogEvents", input);
  EXPECT_THAT(messages(answer), ElementsAre("needle"));
  EXPECT_FALSE(answer.contains("nextToken"));
}

TEST_F(LogsServiceTest, PagesHaveAMegabyteAtMost) {
  for (int i = 0; i < 10; ++i) write("a", {{i, std::string(200 << 10, 'x')}});
  const Json head = ask("GetLogEvents", {{"logGroupName", "g"}, {"logStreamName", "a"}, {"startFromHead", true}});
  EXPECT_EQ(head["events"].size(), 5U);
  const Json page = ask("FilterLogEvents", {{"logGroupName", "g"}});
  EXPECT_EQ(page["events"].size(), 5U);
  EXPECT_TRUE(page.contains("nextToken"));
}

TEST_F(LogsServiceTest, WhatClientsPutIsRead) {
  using namespace std::chrono;
  const std::int64_t now = duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
  const Json stream = {{"logGroupName", "g"}, {"logStreamName", "s"}};
  Json put = stream;
  put["logEvents"] = {{{"timestamp", now - 5}, {"message", "a"}}, {{"timestamp", now}, {"message", "b"}}};
  EXPECT_THAT(refusal("PutLogEvents", put), testing::HasSubstr("group does not exist"));
  ask("CreateLogGroup", {{"logGroupName", "g"}});
  EXPECT_THAT(refusal("PutLogEvents", put), testing::HasSubstr("stream does not exist"));
  ask("CreateLogStream", stream);
  EXPECT_THAT(refusal("CreateLogStream", stream), testing::HasSubstr("ResourceAlreadyExistsException"));
  EXPECT_FALSE(ask("PutLogEvents", put).contains("rejectedLogEventsInfo"));
  EXPECT_EQ(ask("GetLogEvents", stream)["events"][0]["timestamp"], now - 5);
  put["logEvents"] = {{{"timestamp", 1000}, {"message", "old"}}, {{"timestamp", now + 86'400'000}, {"message", "new"}}};
  EXPECT_EQ(ask("PutLogEvents", put)["rejectedLogEventsInfo"],
            Json::parse(R"({"tooOldLogEventEndIndex": 1, "tooNewLogEventStartIndex": 1})"));
  put["logEvents"] = {{{"timestamp", now}, {"message", "a"}}, {{"timestamp", now - 1}, {"message", "b"}}};
  EXPECT_THAT(refusal("PutLogEvents", put), testing::HasSubstr("chronological"));
  ask("DeleteLogStream", stream);
  EXPECT_THAT(refusal("GetLogEvents", stream), testing::HasSubstr("stream does not exist"));
}

TEST_F(LogsServiceTest, GroupsAreListedWithTheirRetention) {
  ask("CreateLogGroup", {{"logGroupName", "/aws/sagemaker/TrainingJobs"}});
  ask("CreateLogGroup", {{"logGroupName", "other"}});
  ask("PutRetentionPolicy", {{"logGroupName", "other"}, {"retentionInDays", 7}});
  Json answer = ask("DescribeLogGroups", Json::object());
  EXPECT_EQ(answer["logGroups"].size(), 2U);
  EXPECT_EQ(answer["logGroups"][1]["retentionInDays"], 7);
  ask("DeleteRetentionPolicy", {{"logGroupName", "other"}});
  answer = ask("DescribeLogGroups", {{"logGroupNamePrefix", "oth"}});
  EXPECT_EQ(answer["logGroups"].size(), 1U);
  EXPECT_FALSE(answer["logGroups"][0].contains("retentionInDays"));
  ask("DeleteLogGroup", {{"logGroupName", "other"}});
  EXPECT_THAT(refusal("DeleteLogGroup", {{"logGroupName", "other"}}), testing::HasSubstr("group does not exist"));
}

}  // namespace
}  // namespace graft
