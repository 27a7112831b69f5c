#include "watch/logs_queries.h"

#include <algorithm>
#include <charconv>
#include <span>

#include "base/error.h"
#include "base/json.h"
#include "watch/filter_pattern.h"
#include "watch/logs_names.h"
#include "watch/merged_logs.h"

namespace graft::logs_api {
namespace {

std::string group_arn(const Caller& caller, const std::string& group) {
  return aws::arn("logs", caller.region, caller.account, "log-group:" + group);
}

constexpr std::size_t kMostListed = 50;

// A page of what is listed. `answer` gets a nextToken, the last one's name, only when there is more: the SageMaker SDK
// asks again for as long as there is one, without giving it.
template <typename Element>
std::span<const Element> page(const Json& input, const std::vector<Element>& all, Json& answer) {
  const auto limit = aws::integer_if(input, "limit", {.least = 1, .most = kMostListed}).value_or(kMostListed);
  const auto token = aws::text_if(input, "nextToken", {.least = 1, .most = 512});
  std::size_t begin = 0;
  if (token) {
    while (begin < all.size() && all[begin].name != *token) ++begin;
    if (begin++ == all.size()) invalid("The specified nextToken is invalid.");
  }
  const std::size_t count = std::min(all.size() - begin, static_cast<std::size_t>(limit));
  if (begin + count < all.size()) answer["nextToken"] = all[begin + count - 1].name;
  return {all.data() + begin, count};
}

}  // namespace

Json describe_groups(const Logs& logs, const Caller& caller, const Json& input) {
  const auto prefix = aws::text_if(input, "logGroupNamePrefix", kGroup);
  const auto pattern = aws::text_if(input, "logGroupNamePattern", {.most = 512});
  if (prefix && pattern) invalid("give logGroupNamePrefix or logGroupNamePattern, not both");
  std::vector<LogGroup> groups = logs.groups(caller.account, prefix.value_or(""));
  if (pattern) {
    std::erase_if(groups, [&](const LogGroup& group) { return group.name.find(*pattern) == std::string::npos; });
  }
  Json answer = {{"logGroups", Json::array()}};
  for (const LogGroup& group : page(input, groups, answer)) {
    const std::string arn = group_arn(caller, group.name);
    answer["logGroups"].push_back({{"logGroupName", group.name},
                                   {"creationTime", group.created},
                                   {"metricFilterCount", 0},
                                   {"arn", arn + ":*"},
                                   {"logGroupArn", arn},
                                   {"logGroupClass", "STANDARD"},
                                   {"storedBytes", group.bytes}});
    if (group.days) answer["logGroups"].back()["retentionInDays"] = *group.days;
  }
  return answer;
}

Json describe_streams(const Logs& logs, const Caller& caller, const Json& input) {
  const std::string group = group_of(input);
  const auto prefix = aws::text_if(input, "logStreamNamePrefix", kStream);
  const bool by_time =
      aws::text_if(input, "orderBy", {.one_of = {"LogStreamName", "LastEventTime"}}) == "LastEventTime";
  if (by_time && prefix) invalid("Cannot order by LastEventTime with a logStreamNamePrefix.");
  auto streams = logs.streams(caller.account, group, prefix.value_or(""));
  if (!streams) missing("group");
  if (by_time) {
    std::stable_sort(streams->begin(), streams->end(),
                     [](const LogStream& a, const LogStream& b) { return a.last < b.last; });
  }
  if (aws::flag_of(input, "descending")) std::reverse(streams->begin(), streams->end());
  Json answer = {{"logStreams", Json::array()}};
  for (const LogStream& stream : page(input, *streams, answer)) {
    Json line = {{"logStreamName", stream.name},
                 {"creationTime", stream.created},
                 {"uploadSequenceToken", std::to_string(stream.id)},
                 {"arn", group_arn(caller, group) + ":log-stream:" + stream.name},
                 {"storedBytes", 0}};
    if (stream.last > 0) {
      line["firstEventTimestamp"] = stream.first;
      line["lastEventTimestamp"] = line["lastIngestionTime"] = stream.last;
    }
    answer["logStreams"].push_back(std::move(line));
  }
  return answer;
}

namespace {

// A token of GetLogEvents: "f/7" goes on behind the event 7, "b/7" back from before it.
struct Token {
  bool forward = true;
  std::int64_t id = 0;
};

Token parse_token(const std::string& token) {
  Token parsed{.forward = token.starts_with("f/")};
  const char* end = token.data() + token.size();
  if (parsed.forward || token.starts_with("b/")) {
    const auto number = std::from_chars(token.data() + 2, end, parsed.id);
    if (number.ec == std::errc() && number.ptr == end && parsed.id >= 0 && parsed.id < INT64_MAX) return parsed;
  }
  invalid("The specified nextToken is invalid.");
}

}  // namespace

Json get_events(const Logs& logs, const Caller& caller, const Json& input) {
  const std::string group = group_of(input), stream = aws::text_of(input, "logStreamName", kStream);
  Logs::Range range{.most_bytes = kMostPageBytes};
  range.begin = aws::integer_if(input, "startTime", kTime).value_or(0);
  range.end = aws::integer_if(input, "endTime", kTime).value_or(INT64_MAX);
  range.most = static_cast<std::size_t>(aws::integer_if(input, "limit", {.least = 1, .most = 10'000}).value_or(10'000));
  range.from_head = aws::flag_of(input, "startFromHead");
  std::optional<Token> token;
  if (const auto given = aws::text_if(input, "nextToken", {.least = 1, .most = 64})) {
    token = parse_token(*given);
    range.from_head = token->forward;
    (token->forward ? range.after : range.before) = token->id;
  }
  const auto events = logs.events(caller.account, group, stream, range);
  if (!events) missing(logs.streams(caller.account, group, stream) ? "stream" : "group");
  Json list = Json::array();
  for (const LogEvent& event : *events) {
    list.push_back({{"timestamp", event.time}, {"message", event.message}, {"ingestionTime", event.time}});
  }
  // At an end of the stream the token that was given comes back: that is how clients see it.
  std::int64_t behind = token ? (token->forward ? token->id : token->id - 1) : 0, before = behind + 1;
  if (!events->empty()) {
    behind = events->back().id;
    before = events->front().id;
  }
  return {{"events", std::move(list)},
          {"nextForwardToken", text("f/", std::max<std::int64_t>(behind, 0))},
          {"nextBackwardToken", text("b/", before)}};
}

namespace {

// A token of FilterLogEvents: time, id and stream of the last event that was looked at.
std::string token_of(const MergePlace& place) {
  return text(place.time, '/', place.id, '/', place.stream);
}

MergePlace parse_place(const std::string& token) {
  MergePlace place;
  const char* end = token.data() + token.size();
  const auto time = std::from_chars(token.data(), end, place.time);
  if (time.ec == std::errc() && time.ptr != end && *time.ptr == '/') {
    const auto id = std::from_chars(time.ptr + 1, end, place.id);
    if (id.ec == std::errc() && id.ptr != end && *id.ptr == '/' && place.time < INT64_MAX) {
      place.stream.assign(id.ptr + 1, end);
      return place;
    }
  }
  invalid("The specified nextToken is invalid.");
}

std::vector<LogStream> searched_streams(const Logs& logs, const Caller& caller, const Json& input,
                                        const std::string& group) {
  const auto prefix = aws::text_if(input, "logStreamNamePrefix", kStream);
  const Json& names = aws::list_of(input, "logStreamNames", {.most = 100});
  if (prefix && !names.empty()) invalid("give logStreamNames or logStreamNamePrefix, not both");
  auto streams = logs.streams(caller.account, group, prefix.value_or(""));
  if (!streams) missing("group");
  if (names.empty()) return *streams;
  std::vector<std::string> wanted = names.get<std::vector<std::string>>();
  for (const std::string& name : wanted) {
    const bool found =
        std::any_of(streams->begin(), streams->end(), [&](const LogStream& s) { return s.name == name; });
    if (!found) missing("stream");
  }
  std::erase_if(*streams, [&](const LogStream& stream) {
    return std::find(wanted.begin(), wanted.end(), stream.name) == wanted.end();
  });
  return *streams;
}

// A number of 56 digits, as AWS's; ascending within a stream.
std::string event_id(const MergedEvent& found) {
  const std::string stream = std::to_string(found.stream_id), event = std::to_string(found.event.id);
  return std::string(36 - stream.size(), '0') + stream + std::string(20 - event.size(), '0') + event;
}

}  // namespace

Json filter_events(const Logs& logs, const Caller& caller, const Json& input) {
  const std::string group = group_of(input);
  const FilterPattern pattern = parse_filter(aws::text_if(input, "filterPattern").value_or(""));
  const auto token = aws::text_if(input, "nextToken", {.least = 1, .most = 2048});
  const std::int64_t begin = aws::integer_if(input, "startTime", kTime).value_or(0);
  // Unlike GetLogEvents, its end is part of it.
  const std::int64_t last = aws::integer_if(input, "endTime", kTime).value_or(INT64_MAX - 1);
  MergeLimits limits{.bytes = kMostPageBytes};
  limits.events =
      static_cast<std::size_t>(aws::integer_if(input, "limit", {.least = 1, .most = 10'000}).value_or(10'000));
  const MergedPage merged = merge_logs(
      logs, caller.account, group, searched_streams(logs, caller, input, group), begin, last + 1,
      token ? std::optional(parse_place(*token)) : std::nullopt,
      [&](std::string_view message) { return matches(pattern, message); }, limits);
  Json events = Json::array();
  for (const MergedEvent& found : merged.events) {
    events.push_back({{"logStreamName", found.stream},
                      {"timestamp", found.event.time},
                      {"message", found.event.message},
                      {"ingestionTime", found.event.time},
                      {"eventId", event_id(found)}});
  }
  Json answer = {{"events", std::move(events)}, {"searchedLogStreams", Json::array()}};
  if (merged.next) answer["nextToken"] = token_of(*merged.next);
  return answer;
}

}  // namespace graft::logs_api
