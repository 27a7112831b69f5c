#include "watch/alarm_queries.h"

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "watch/metrics_fields.h"

namespace graft::metrics_api {
namespace {

using aws::Support;

const aws::TextRule kName{.least = 1, .most = 255};
constexpr std::size_t kMostAlarms = 5000;

// Its settings in the API's words, with numbers as numbers also where a form brought them as text.
Json settings_of(const Alarm& alarm, const Json& input) {
  Json settings = {{"AlarmName", alarm.name},
                   {"Namespace", alarm.metric.space},
                   {"MetricName", alarm.metric.name},
                   {"Dimensions", dimensions_of(alarm.metric)},
                   {"Period", alarm.period},
                   {"EvaluationPeriods", alarm.periods},
                   {"DatapointsToAlarm", alarm.breaching},
                   {"Threshold", alarm.threshold},
                   {"ComparisonOperator", alarm.comparison},
                   {"TreatMissingData", alarm.missing},
                   {"ActionsEnabled", aws::flag_of(input, "ActionsEnabled", true)},
                   {"OKActions", Json::array()},
                   {"AlarmActions", Json::array()},
                   {"InsufficientDataActions", Json::array()}};
  settings[alarm.statistic.starts_with('p') ? "ExtendedStatistic" : "Statistic"] = alarm.statistic;
  for (const char* name : {"AlarmDescription", "Unit"}) {
    if (input.contains(name)) settings[name] = input[name];
  }
  return settings;
}

}  // namespace

Json put_alarm(Alarms& alarms, const Caller& caller, const Json& input) {
  Alarm alarm{.name = aws::text_of(input, "AlarmName", kName), .metric = metric_of(input)};
  const auto plain = aws::text_if(input, "Statistic"), extended = aws::text_if(input, "ExtendedStatistic");
  if (plain.has_value() == extended.has_value()) {
    bad_combination("Exactly one of Statistic and ExtendedStatistic must be specified.");
  }
  alarm.statistic = plain ? *plain : *extended;
  if (!is_statistic(alarm.statistic) || alarm.statistic.starts_with('p') == plain.has_value()) {
    invalid(text("The value ", alarm.statistic.substr(0, 100), " for parameter Statistic is not supported."));
  }
  alarm.period = period_of(input);
  alarm.periods = static_cast<int>(aws::integer_of(input, "EvaluationPeriods", {.least = 1, .most = 1440}));
  alarm.breaching = static_cast<int>(
      aws::integer_if(input, "DatapointsToAlarm", {.least = 1, .most = static_cast<double>(alarm.periods)})
          .value_or(alarm.periods));
  alarm.threshold = aws::number_of(input, "Threshold");
  alarm.comparison = aws::text_of(input, "ComparisonOperator",
                                  {.one_of = {"GreaterThanOrEqualToThreshold", "GreaterThanThreshold",
                                              "LessThanThreshold", "LessThanOrEqualToThreshold"}});
  alarm.missing =
      aws::text_if(input, "TreatMissingData", {.one_of = {"missing", "notBreaching", "breaching", "ignore"}})
          .value_or("missing");
  alarm.configured = now_seconds();
  aws::text_if(input, "AlarmDescription", {.most = 1024});
  if (alarms.count(caller.account) >= kMostAlarms) {
    throw Error(Kind::invalid, "LimitExceededFault", text("An account has ", kMostAlarms, " alarms at most."));
  }
  alarm.request = settings_of(alarm, input).dump(-1, ' ', false, Json::error_handler_t::replace);
  alarms.put(caller.account, alarm);
  return nullptr;
}

Json describe_alarms(Alarms& alarms, const Caller& caller, const Json& input) {
  const auto prefix = aws::text_if(input, "AlarmNamePrefix", kName);
  const auto state = aws::text_if(input, "StateValue", {.one_of = {"OK", "ALARM", "INSUFFICIENT_DATA"}});
  const auto names = aws::list_of(input, "AlarmNames", {.most = 100}).get<std::vector<std::string>>();
  const auto most = aws::integer_if(input, "MaxRecords", {.least = 1, .most = 100}).value_or(100);
  const auto token = aws::text_if(input, "NextToken", kName);
  const auto types = aws::list_of(input, "AlarmTypes", {.most = 10}).get<std::vector<std::string>>();
  const bool wanted = types.empty() || std::find(types.begin(), types.end(), "MetricAlarm") != types.end();
  Json list = Json::array();
  Json answer = {{"CompositeAlarms", Json::array()}};
  for (const Alarm& alarm : wanted ? alarms.list(caller.account, now_seconds()) : std::vector<Alarm>()) {
    if (!names.empty() && std::find(names.begin(), names.end(), alarm.name) == names.end()) continue;
    if (prefix && !alarm.name.starts_with(*prefix)) continue;
    if (state && alarm.state != *state) continue;
    if (token && alarm.name <= *token) continue;
    if (list.size() == static_cast<std::size_t>(most)) {
      answer["NextToken"] = list.back()["AlarmName"];
      break;
    }
    Json shown = Json::parse(alarm.request);
    shown["AlarmArn"] = aws::arn("cloudwatch", caller.region, caller.account, "alarm:" + alarm.name);
    shown["AlarmConfigurationUpdatedTimestamp"] = alarm.configured;
    shown["StateValue"] = alarm.state;
    shown["StateReason"] = alarm.reason;
    shown["StateUpdatedTimestamp"] = shown["StateTransitionedTimestamp"] = alarm.changed;
    list.push_back(std::move(shown));
  }
  answer["MetricAlarms"] = std::move(list);
  return answer;
}

Json delete_alarms(Alarms& alarms, const Caller& caller, const Json& input) {
  const auto names = aws::list_of(input, "AlarmNames", {.least = 1, .most = 100}).get<std::vector<std::string>>();
  for (const std::string& name : names) alarms.erase(caller.account, name);
  return nullptr;
}

std::vector<aws::Field> put_alarm_fields() {
  const auto done = Support::done, refused = Support::refused;
  const std::string_view actions = "nothing can be started by an alarm; deployments look at its state";
  return {{"AlarmName", done},
          {"AlarmDescription", done},
          {"Namespace", done},
          {"MetricName", done},
          {"Dimensions", done},
          {"Statistic", done},
          {"ExtendedStatistic", done, "percentiles (p99.9)"},
          {"Period", done},
          {"EvaluationPeriods", done},
          {"DatapointsToAlarm", done},
          {"Threshold", done},
          {"ComparisonOperator", done, "not those of anomaly detection"},
          {"TreatMissingData", done},
          {"Unit", Support::ignored},
          {"ActionsEnabled", Support::ignored, actions},
          {"OKActions", refused, actions},
          {"AlarmActions", refused, actions},
          {"InsufficientDataActions", refused, actions},
          {"Metrics", refused, "an alarm looks at one metric"},
          {"ThresholdMetricId", refused, "an alarm looks at one metric"},
          {"EvaluateLowSampleCountPercentile", refused},
          {"EvaluationCriteria", refused},
          {"EvaluationInterval", refused},
          {"Tags", refused, "alarms have no tags"}};
}

std::vector<aws::Field> describe_alarms_fields() {
  const auto done = Support::done, refused = Support::refused;
  return {{"AlarmNames", done},
          {"AlarmNamePrefix", done},
          {"AlarmTypes", done, "there are no composite alarms"},
          {"StateValue", done},
          {"MaxRecords", done},
          {"NextToken", done},
          {"ActionPrefix", refused},
          {"ChildrenOfAlarmName", refused, "there are no composite alarms"},
          {"ParentsOfAlarmName", refused, "there are no composite alarms"}};
}

}  // namespace graft::metrics_api
