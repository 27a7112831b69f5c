#include "watch/logs_service.h"

#include "base/error.h"
#include "base/json.h"
#include "watch/logs_names.h"
#include "watch/logs_queries.h"

namespace graft {
namespace {

using namespace logs_api;
using aws::Field;
using aws::Support;

constexpr std::int64_t kHour = 3'600'000, kDay = 24 * kHour;

Json create_group(Logs& logs, const Caller& caller, const Json& input) {
  aws::text_if(input, "logGroupClass", {.one_of = {"STANDARD"}});
  if (!logs.add_group(caller.account, aws::text_of(input, "logGroupName", kGroup))) {
    throw Error(Kind::conflict, "ResourceAlreadyExistsException", "The specified log group already exists");
  }
  return nullptr;
}

// Throws unless there is such a group and, where one is named, such a stream.
void need(const Logs& logs, const Caller& caller, const std::string& group, const std::string& stream = "") {
  const auto streams = logs.streams(caller.account, group, stream.empty() ? "\xff" : stream);
  if (!streams) missing("group");
  if (!stream.empty() && (streams->empty() || streams->front().name != stream)) missing("stream");
}

Json create_stream(Logs& logs, const Caller& caller, const Json& input) {
  const std::string group = aws::text_of(input, "logGroupName", kGroup);
  need(logs, caller, group);
  if (!logs.add_stream(caller.account, group, aws::text_of(input, "logStreamName", kStream))) {
    throw Error(Kind::conflict, "ResourceAlreadyExistsException", "The specified log stream already exists");
  }
  return nullptr;
}

Json put_events(Logs& logs, const Caller& caller, const Json& input) {
  const std::string group = aws::text_of(input, "logGroupName", kGroup);
  const std::string stream = aws::text_of(input, "logStreamName", kStream);
  const std::int64_t now = now_ms();
  std::vector<LogEvent> events;
  Json rejected = Json::object();
  std::size_t bytes = 0, index = 0;
  std::int64_t last = 0;
  for (const Json& given : aws::list_of(input, "logEvents", {.least = 1, .most = 10'000})) {
    const std::string at = text("logEvents.", index + 1, ".member");
    const std::int64_t time = aws::integer_of(given, "timestamp", kTime, at);
    std::string message = aws::text_of(given, "message", {.least = 1, .most = kMostPageBytes}, at);
    if (time < last) invalid("Log events in a single PutLogEvents request must be in chronological order.");
    last = time;
    // As CloudWatch counts.
    bytes += message.size() + 26;
    if (bytes > kMostPageBytes) invalid(text("Upload too large: ", bytes, " bytes exceeds limit of ", kMostPageBytes));
    if (time < now - 14 * kDay) {
      rejected["tooOldLogEventEndIndex"] = index + 1;
    } else if (time > now + 2 * kHour) {
      if (!rejected.contains("tooNewLogEventStartIndex")) rejected["tooNewLogEventStartIndex"] = index;
    } else {
      events.push_back({.time = time, .message = std::move(message)});
    }
    ++index;
  }
  need(logs, caller, group, stream);
  if (!events.empty()) logs.append_timed(caller.account, group, stream, events);
  Json answer = {{"nextSequenceToken", std::to_string(now)}};
  if (!rejected.empty()) answer["rejectedLogEventsInfo"] = rejected;
  return answer;
}

Json delete_group(Logs& logs, const Caller& caller, const Json& input) {
  const std::string group = aws::text_of(input, "logGroupName", kGroup);
  need(logs, caller, group);
  logs.erase(caller.account, group, std::nullopt);
  return nullptr;
}

Json delete_stream(Logs& logs, const Caller& caller, const Json& input) {
  const std::string group = aws::text_of(input, "logGroupName", kGroup);
  const std::string stream = aws::text_of(input, "logStreamName", kStream);
  need(logs, caller, group, stream);
  logs.erase(caller.account, group, stream);
  return nullptr;
}

Json set_retention(Logs& logs, const Caller& caller, const Json& input, bool keep_days) {
  std::optional<int> days;
  if (keep_days) days = static_cast<int>(aws::integer_of(input, "retentionInDays", {.least = 1, .most = 3653}));
  if (!logs.set_retention(caller.account, aws::text_of(input, "logGroupName", kGroup), days)) missing("group");
  return nullptr;
}

}  // namespace

aws::Service logs_service(Logs& logs) {
  const auto done = Support::done, refused = Support::refused, ignored = Support::ignored;
  const Field group{"logGroupName", done}, identifier{"logGroupIdentifier", done, "a name or an ARN"};
  const Field stream{"logStreamName", done}, limit{"limit", done}, token{"nextToken", done};
  const Field unmask{"unmask", done, "nothing is masked"};
  const auto with = [&logs](Json (*operation)(Logs&, const Caller&, const Json&)) {
    return [&logs, operation](const Caller& caller, const Json& input) { return operation(logs, caller, input); };
  };
  const auto reading = [&logs](Json (*operation)(const Logs&, const Caller&, const Json&)) {
    return [&logs, operation](const Caller& caller, const Json& input) { return operation(logs, caller, input); };
  };
  const std::string_view no_others = "an account sees its own groups only";
  return {"CloudWatch Logs",
          "Logs_20140328",
          "logs",
          {{"CreateLogGroup",
            {group,
             {"logGroupClass", done, "STANDARD only"},
             {"kmsKeyId", refused, "there are no KMS keys"},
             {"tags", refused, "log groups have no tags"},
             {"deletionProtectionEnabled", refused}},
            with(create_group)},
           {"CreateLogStream", {group, stream}, with(create_stream)},
           {"DeleteLogGroup", {group}, with(delete_group)},
           {"DeleteLogStream", {group, stream}, with(delete_stream)},
           {"DeleteRetentionPolicy",
            {group},
            [&logs](const Caller& caller, const Json& input) { return set_retention(logs, caller, input, false); }},
           {"DescribeLogGroups",
            {{"logGroupNamePrefix", done},
             {"logGroupNamePattern", done},
             limit,
             token,
             {"accountIdentifiers", refused, no_others},
             {"includeLinkedAccounts", refused, no_others},
             {"logGroupClass", refused},
             {"logGroupIdentifiers", refused}},
            reading(describe_groups)},
           {"DescribeLogStreams",
            {group, identifier, {"logStreamNamePrefix", done}, {"orderBy", done}, {"descending", done}, limit, token},
            reading(describe_streams)},
           {"FilterLogEvents",
            {group,
             identifier,
             {"logStreamNames", done},
             {"logStreamNamePrefix", done},
             {"startTime", done},
             {"endTime", done},
             {"filterPattern", done, "terms, \"phrases\", ?any, -none; patterns for JSON, columns and % are refused"},
             {"interleaved", done, "always"},
             limit,
             token,
             unmask},
            reading(filter_events)},
           {"GetLogEvents",
            {group,
             identifier,
             stream,
             {"startTime", done},
             {"endTime", done},
             {"startFromHead", done},
             limit,
             token,
             unmask},
            reading(get_events)},
           {"PutLogEvents",
            {group,
             stream,
             {"logEvents[].timestamp", done, "one before the stream's last is set to that"},
             {"logEvents[].message", done},
             {"sequenceToken", ignored, "streams take lines in any order"},
             {"entity", ignored}},
            with(put_events)},
           {"PutRetentionPolicy",
            {group, {"retentionInDays", done, "1 to 3653, any number"}},
            [&logs](const Caller& caller, const Json& input) { return set_retention(logs, caller, input, true); }}}};
}

}  // namespace graft
