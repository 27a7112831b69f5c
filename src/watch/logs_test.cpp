#include "watch/logs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"

namespace graft {
namespace {

using testing::ElementsAre;

std::vector<std::string> messages(const std::optional<std::vector<LogEvent>>& events) {
  std::vector<std::string> messages;
  for (const LogEvent& event : events.value()) messages.push_back(event.message);
  return messages;
}

class LogsTest : public testing::Test {
 protected:
  std::vector<std::string> read(const Logs::Range& range) { return messages(logs.events("a", "g", "s", range)); }
  // Lines named by their times.
  void write(const std::vector<std::int64_t>& times) {
    std::vector<LogEvent> events;
    for (const std::int64_t time : times) events.push_back({.time = time, .message = std::to_string(time)});
    logs.append_timed("a", "g", "s", events);
  }

  TemporaryFolder folder;
  Logs logs{folder.path() / "logs"};
};

TEST_F(LogsTest, LinesAreReadInTheirOrderAndSurviveTheObject) {
  logs.append("a", "g", "s", {"one\r\n", "two"});
  logs.append("a", "g", "s", {"three"});
  const auto events = Logs(folder.path() / "logs").events("a", "g", "s", {});
  EXPECT_THAT(messages(events), ElementsAre("one", "two", "three"));
  EXPECT_THAT((std::vector{(*events)[0].id, (*events)[1].id, (*events)[2].id}), ElementsAre(1, 2, 3));
  EXPECT_LE((*events)[0].time, (*events)[2].time);
}

TEST_F(LogsTest, TimesDoNotGoBack) {
  write({20, 10, 30});
  const auto events = logs.events("a", "g", "s", {});
  EXPECT_EQ((*events)[1].time, 20);
  EXPECT_THAT(read({.begin = 20, .end = 30}), ElementsAre("20", "10"));
}

TEST_F(LogsTest, ARangeIsOfTimesIdsAndNumbers) {
  write({10, 20, 20, 30, 40});
  EXPECT_THAT(read({.begin = 20, .end = 40}), ElementsAre("20", "20", "30"));
  EXPECT_THAT(read({.begin = 21}), ElementsAre("30", "40"));
  EXPECT_THAT(read({.end = 10}), ElementsAre());
  EXPECT_THAT(read({.begin = 41}), ElementsAre());
  EXPECT_THAT(read({.after = 3}), ElementsAre("30", "40"));
  EXPECT_THAT(read({.before = 3}), ElementsAre("10", "20"));
  EXPECT_THAT(read({.most = 2}), ElementsAre("10", "20"));
  EXPECT_THAT(read({.before = 5, .most = 2, .from_head = false}), ElementsAre("20", "30"));
  EXPECT_THAT(read({.most_bytes = 5}), ElementsAre("10", "20"));
  EXPECT_THAT(read({.most_bytes = 1}), ElementsAre("10"));
}

TEST_F(LogsTest, AccountsDoNotSeeEachOther) {
  write({1});
  EXPECT_EQ(logs.streams("b", "g", ""), std::nullopt);
  EXPECT_EQ(logs.events("b", "g", "s", {}), std::nullopt);
  logs.erase("b", "g", std::nullopt);
  EXPECT_EQ(read({}).size(), 1U);
}

TEST_F(LogsTest, StreamsAreListedByNameWithTheirTimes) {
  for (const char* name : {"j/b", "j/a", "k/a", "j"}) logs.append_timed("a", "g", name, {{.time = 7}, {.time = 9}});
  std::vector<std::string> names;
  const auto streams = *logs.streams("a", "g", "j/");
  for (const LogStream& stream : streams) names.push_back(stream.name);
  EXPECT_THAT(names, ElementsAre("j/a", "j/b"));
  EXPECT_EQ(streams[0].first, 7);
  EXPECT_EQ(streams[0].last, 9);
  EXPECT_EQ(logs.streams("a", "other", ""), std::nullopt);
}

TEST_F(LogsTest, WhatIsErasedIsGoneAndItsNumberToo) {
  write({1});
  const std::int64_t id = logs.streams("a", "g", "")->front().id;
  logs.erase("a", "g", "s");
  EXPECT_EQ(logs.events("a", "g", "s", {}), std::nullopt);
  write({2});
  EXPECT_NE(logs.streams("a", "g", "")->front().id, id);
  logs.erase("a", "g", std::nullopt);
  EXPECT_EQ(logs.streams("a", "g", ""), std::nullopt);
}

TEST_F(LogsTest, LongLinesAreCutAtACharacter) {
  logs.append("a", "g", "s", {std::string((256 << 10) - 1, 'x') + "\u00e9y"});
  EXPECT_EQ(read({})[0].size(), (256U << 10) - 1);
}

TEST_F(LogsTest, AStreamKeepsItsLastLines) {
  Logs small(folder.path() / "small", {.stream_bytes = 1000});
  for (int i = 0; i < 300; ++i) small.append("a", "g", "s", {"0123456789"});
  const auto events = small.events("a", "g", "s", {});
  EXPECT_GE(events->size(), 90U);
  EXPECT_LE(events->size(), 100U);
  EXPECT_EQ(events->back().id, 300);
  EXPECT_LE(small.groups("a", "")[0].bytes, 1000);
}

TEST_F(LogsTest, TheStreamsThatWereQuietLongestMakeRoom) {
  Logs small(folder.path() / "small", {.total_bytes = 1000});
  for (const std::int64_t time : {1, 2, 3, 4}) {
    small.append_timed("a", "g", std::to_string(time), {{.time = time, .message = std::string(300, 'x')}});
  }
  EXPECT_TRUE(small.events("a", "g", "1", {})->empty());
  EXPECT_EQ(small.events("a", "g", "2", {})->size(), 1U);
  EXPECT_EQ(small.events("a", "g", "4", {})->size(), 1U);
}

TEST_F(LogsTest, OldLinesAreDropped) {
  constexpr std::int64_t day = 86'400'000;
  write({day, 3 * day, 5 * day});
  logs.drop_old(100 * day);
  EXPECT_EQ(read({}).size(), 3U);
  EXPECT_TRUE(logs.set_retention("a", "g", 2));
  logs.drop_old(5 * day);
  EXPECT_EQ(read({}).size(), 2U);
  EXPECT_EQ(read({.begin = day * 4}).size(), 1U);
  EXPECT_FALSE(logs.set_retention("a", "other", 2));
}

TEST_F(LogsTest, GroupsCanBeMadeBeforeTheirLines) {
  EXPECT_TRUE(logs.add_group("a", "g"));
  EXPECT_FALSE(logs.add_group("a", "g"));
  EXPECT_TRUE(logs.streams("a", "g", "")->empty());
  EXPECT_TRUE(logs.add_stream("a", "g", "s"));
  EXPECT_FALSE(logs.add_stream("a", "g", "s"));
  EXPECT_TRUE(logs.events("a", "g", "s", {})->empty());
}

}  // namespace
}  // namespace graft
