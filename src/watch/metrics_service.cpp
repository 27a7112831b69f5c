#include "watch/metrics_service.h"

#include <algorithm>
#include <chrono>

#include "aws/answer.h"
#include "aws/body.h"
#include "base/error.h"
#include "base/json.h"
#include "watch/alarm_queries.h"
#include "watch/metrics_fields.h"
#include "watch/metrics_queries.h"

namespace graft {
namespace {

using namespace metrics_api;
using aws::Field;
using aws::Support;

constexpr std::string_view kNamespace = "http://monitoring.amazonaws.com/doc/2010-08-01/";

bool is_time(std::string_view name) {
  return name.ends_with("Timestamp") || name == "Timestamps";
}

// For XML: times as text, and the one map among the answers as entries.
void for_query(Json& node, bool time) {
  if (time && node.is_number()) node = time_text(node.get<double>());
  if (node.is_array()) {
    for (Json& element : node) for_query(element, time);
  }
  if (!node.is_object()) return;
  for (auto& [key, member] : node.items()) {
    for_query(member, is_time(key));
    if (key != "ExtendedStatistics" || !member.is_object()) continue;
    Json entries = Json::array();
    for (const auto& [name, value] : member.items()) entries.push_back({{"key", name}, {"value", value}});
    member = {{"entry", std::move(entries)}};
  }
}

Response answer_query(const aws::Service& service, const Caller& caller, const Request& request) {
  try {
    const auto form = request.method == "GET" ? request.query : aws::parse_form(as_text(aws::plain_body(request)));
    const auto action = form.find("Action");
    if (action == form.end()) throw Error(Kind::invalid, "MissingAction", "the form has no field Action");
    Json result = aws::call(service, caller, action->second, aws::form_as_json(form));
    for_query(result, false);
    return aws::query_answer(action->second, kNamespace, result);
  } catch (const std::exception& error) {
    return aws::query_error(error);
  }
}

using Fields = std::vector<Field>;

Fields statistics_fields() {
  const auto done = Support::done;
  return {{"Namespace", done},
          {"MetricName", done},
          {"Dimensions[].Name", done},
          {"Dimensions[].Value", done},
          {"StartTime", done},
          {"EndTime", done},
          {"Period", done, "1, 5, 10, 20, 30 or a multiple of 60"},
          {"Statistics", done},
          {"ExtendedStatistics", done, "percentiles (p99.9)"},
          {"Unit", done, "others than the metric's give nothing"},
          // How an empty list is sent in a form.
          {"Dimensions", done}};
}

Fields data_fields() {
  const auto done = Support::done, refused = Support::refused;
  return {{"MetricDataQueries[].Id", done},
          {"MetricDataQueries[].MetricStat", done},
          {"MetricDataQueries[].Label", done, "as it is; placeholders are not filled in"},
          {"MetricDataQueries[].ReturnData", done},
          {"MetricDataQueries[].Expression", done,
           "`+ - * /`, parentheses, numbers, Ids; SUM, AVG, MIN, MAX of a series, of `[a, b]` or of METRICS()"},
          {"MetricDataQueries[].Period", refused, "an expression has the periods of its metrics"},
          {"MetricDataQueries[].AccountId", refused, "an account sees its own metrics only"},
          {"StartTime", done},
          {"EndTime", done},
          {"NextToken", done},
          {"ScanBy", done},
          {"MaxDatapoints", done},
          {"LabelOptions", Support::ignored}};
}

Fields put_fields() {
  const auto done = Support::done;
  return {{"Namespace", done, "not AWS/"},
          {"MetricData[].MetricName", done},
          {"MetricData[].Dimensions", done},
          {"MetricData[].Timestamp", done},
          {"MetricData[].Value", done},
          {"MetricData[].Values", done},
          {"MetricData[].Counts", done},
          {"MetricData[].StatisticValues", done},
          {"MetricData[].Unit", done, "one for each metric, the last that was given"},
          {"MetricData[].StorageResolution", done, "all are kept by the second for three hours, then by the minute"},
          {"EntityMetricData", Support::refused},
          {"StrictEntityValidation", Support::refused}};
}

}  // namespace

aws::Service metrics_service(Metrics& metrics, Alarms& alarms) {
  const auto done = Support::done, refused = Support::refused;
  const auto reading = [&metrics](Json (*operation)(const Metrics&, const Caller&, const Json&)) {
    return [&metrics, operation](const Caller& caller, const Json& input) { return operation(metrics, caller, input); };
  };
  const auto with_alarms = [&alarms](Json (*operation)(Alarms&, const Caller&, const Json&)) {
    return [&alarms, operation](const Caller& caller, const Json& input) { return operation(alarms, caller, input); };
  };
  const std::string_view own = "an account sees its own metrics only";
  return {"CloudWatch",
          "GraniteServiceVersion20100801",
          "monitoring",
          {{"DeleteAlarms", {{"AlarmNames", done}}, with_alarms(delete_alarms)},
           {"DescribeAlarms", describe_alarms_fields(), with_alarms(describe_alarms)},
           {"GetMetricData", data_fields(), reading(get_data)},
           {"GetMetricStatistics", statistics_fields(), reading(get_statistics)},
           {"ListMetrics",
            {{"Namespace", done},
             {"MetricName", done},
             {"Dimensions", done},
             {"NextToken", done},
             {"RecentlyActive", refused, "metrics are listed as long as they are kept, 63 days"},
             {"IncludeLinkedAccounts", refused, own},
             {"OwningAccount", refused, own}},
            reading(list_metrics)},
           {"PutMetricAlarm", put_alarm_fields(), with_alarms(put_alarm)},
           {"PutMetricData", put_fields(),
            [&metrics](const Caller& caller, const Json& input) { return put_data(metrics, caller, input); }}}};
}

Response serve_metrics(const aws::Service& service, const Caller& caller, const Request& request) {
  if (find_header(request.headers, "x-amz-target")) return aws::answer_json(service, caller, request);
  if (request.path.starts_with("/service/")) return aws::answer_cbor(service, caller, request, is_time);
  return answer_query(service, caller, request);
}

}  // namespace graft
