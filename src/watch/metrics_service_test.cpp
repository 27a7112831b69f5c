#include "watch/metrics_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "aws/cbor.h"
#include "base/file.h"
#include "watch/metrics_fields.h"
#include "watch/service_testing.h"

namespace graft {
namespace {

using testing::HasSubstr;

constexpr const char* kAccount = "123456789012";

Bytes bytes_of(std::string_view text) {
  const ByteView view = as_bytes(text);
  return {view.begin(), view.end()};
}

class MetricsServiceTest : public testing::Test {
 protected:
  Json ask(std::string_view operation, const Json& input) { return aws::call(service, caller, operation, input); }
  std::string refusal(std::string_view operation, const Json& input) {
    return graft::refusal(service, caller, operation, input);
  }
  Response query(const std::string& form) {
    Request request{.method = "POST", .path = "/", .body = bytes_of(form)};
    request.headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
    return serve_metrics(service, caller, request);
  }

  TemporaryFolder folder;
  Metrics metrics{folder.path()};
  Alarms alarms{folder.path(), metrics};
  aws::Service service = metrics_service(metrics, alarms);
  Caller caller{.account = kAccount, .region = "us-east-1"};
  Metric loss{"space", "loss", {{"Job", "j"}}};
  Json wanted = Json::parse(R"({"Namespace": "space", "MetricName": "loss", "Period": 60, "StartTime": 0,
      "EndTime": 600, "Dimensions": [{"Name": "Job", "Value": "j"}], "Statistics": ["Average", "SampleCount"]})");
};

TEST_F(MetricsServiceTest, StatisticsByPeriod) {
  metrics.put(kAccount, loss, 61, 1);
  metrics.put(kAccount, loss, 119, 2);
  metrics.put(kAccount, loss, 120, 5);
  const Json answer = ask("GetMetricStatistics", wanted);
  EXPECT_EQ(answer, Json::parse(R"({"Label": "loss", "Datapoints": [
      {"Timestamp": 60.0, "Average": 1.5, "SampleCount": 2.0, "Unit": "None"},
      {"Timestamp": 120.0, "Average": 5.0, "SampleCount": 1.0, "Unit": "None"}]})"));
  caller.account = "999999999999";
  EXPECT_TRUE(ask("GetMetricStatistics", wanted)["Datapoints"].empty());
}

TEST_F(MetricsServiceTest, BeginsWithTheWholeMinute) {
  metrics.put(kAccount, loss, 61, 1);
  wanted["StartTime"] = 90;
  EXPECT_EQ(ask("GetMetricStatistics", wanted)["Datapoints"].size(), 1U);
}

TEST_F(MetricsServiceTest, RefusesRequestsInTheServicesWords) {
  Json bad = wanted;
  bad["EndTime"] = 0;
  EXPECT_EQ(refusal("GetMetricStatistics", bad),
            "InvalidParameterValueException: The parameter StartTime must be less than the parameter EndTime.");
  bad = wanted;
  bad["Period"] = 61;
  EXPECT_THAT(refusal("GetMetricStatistics", bad), HasSubstr("multiple of 60"));
  bad = wanted;
  bad["Statistics"] = {"p99"};
  EXPECT_THAT(refusal("GetMetricStatistics", bad), HasSubstr("p99"));
  bad.erase("Statistics");
  EXPECT_THAT(refusal("GetMetricStatistics", bad), HasSubstr("MissingRequiredParameterException"));
}

TEST_F(MetricsServiceTest, ComputesWithMetrics) {
  for (int i = 0; i < 3; ++i) metrics.put(kAccount, loss, 60 * i, i + 1);
  const Json stat = {{"Metric", {{"Namespace", "space"}, {"MetricName", "loss"}, {"Dimensions", wanted["Dimensions"]}}},
                     {"Period", 60},
                     {"Stat", "Sum"}};
  Json input = {{"StartTime", 0}, {"EndTime", 600}, {"ScanBy", "TimestampAscending"}};
  input["MetricDataQueries"] = {{{"Id", "twice"}, {"Expression", "share * 2"}},
                                {{"Id", "share"}, {"Expression", "m / SUM(m)"}, {"ReturnData", false}},
                                {{"Id", "m"}, {"MetricStat", stat}, {"ReturnData", false}}};
  const Json results = ask("GetMetricData", input)["MetricDataResults"];
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0]["Label"], "twice");
  EXPECT_EQ(results[0]["Values"], Json::array({1 / 3.0, 2 / 3.0, 1.0}));
  input["MetricDataQueries"][1]["Expression"] = "twice / 2";
  EXPECT_THAT(refusal("GetMetricData", input), HasSubstr("The expression twice names itself"));
  input["MetricDataQueries"][1]["Expression"] = "x + m";
  EXPECT_THAT(refusal("GetMetricData", input), HasSubstr("There is no query x"));
  input["MetricDataQueries"][1]["MetricStat"] = stat;
  EXPECT_THAT(refusal("GetMetricData", input), HasSubstr("either MetricStat or Expression"));
}

TEST_F(MetricsServiceTest, DataInPages) {
  for (int i = 0; i < 5; ++i) metrics.put(kAccount, loss, 60 * i, i);
  const Json stat = {{"Metric", {{"Namespace", "space"}, {"MetricName", "loss"}, {"Dimensions", wanted["Dimensions"]}}},
                     {"Period", 60},
                     {"Stat", "Sum"}};
  Json input = {{"StartTime", 0}, {"EndTime", 600}, {"MaxDatapoints", 3}, {"ScanBy", "TimestampAscending"}};
  input["MetricDataQueries"] = {{{"Id", "a"}, {"MetricStat", stat}}, {{"Id", "b"}, {"MetricStat", stat}}};
  std::vector<double> values;
  int pages = 0;
  while (++pages < 10) {
    const Json answer = ask("GetMetricData", input);
    for (const Json& result : answer["MetricDataResults"]) {
      for (const Json& value : result["Values"]) values.push_back(value);
    }
    if (!answer.contains("NextToken")) break;
    input["NextToken"] = answer["NextToken"];
  }
  EXPECT_EQ(values, (std::vector<double>{0, 1, 2, 3, 4, 0, 1, 2, 3, 4}));
  EXPECT_EQ(pages, 4);
  input["NextToken"] = "x";
  EXPECT_THAT(refusal("GetMetricData", input), HasSubstr("InvalidNextToken"));
}

TEST_F(MetricsServiceTest, WhatClientsPutIsRead) {
  const double now = std::floor(now_seconds() / 60) * 60;
  Json put = {{"Namespace", "space"}};
  const Json named = {{"MetricName", "loss"}, {"Dimensions", wanted["Dimensions"]}, {"Timestamp", now}};
  for (const char* values : {R"({"Value": 1})", R"({"Values": [2, 3], "Counts": [1, 2]})",
                             R"({"StatisticValues": {"SampleCount": 2, "Sum": 10, "Minimum": 4, "Maximum": 6}})"}) {
    Json datum = named;
    datum.update(Json::parse(values));
    put["MetricData"].push_back(datum);
  }
  ask("PutMetricData", put);
  wanted["StartTime"] = now;
  wanted["EndTime"] = now + 60;
  wanted["Statistics"] = {"Sum", "SampleCount", "Maximum"};
  const Json point = ask("GetMetricStatistics", wanted)["Datapoints"].at(0);
  EXPECT_EQ(point["Sum"], 19);
  EXPECT_EQ(point["SampleCount"], 6);
  EXPECT_EQ(point["Maximum"], 6);
  EXPECT_EQ(ask("ListMetrics", {{"Namespace", "space"}})["Metrics"].size(), 1U);
  put["Namespace"] = "AWS/SageMaker";
  EXPECT_THAT(refusal("PutMetricData", put), HasSubstr("Namespace"));
}

TEST_F(MetricsServiceTest, FormsAreAnsweredInXml) {
  metrics.put(kAccount, loss, 61, 1.5);
  const std::string form =
      "Action=GetMetricStatistics&Version=2010-08-01&Namespace=space&MetricName=loss&Dimensions.member.1.Name=Job&"
      "Dimensions.member.1.Value=j&StartTime=1970-01-01T00%3A00%3A00Z&EndTime=1970-01-01T01%3A00%3A00%2B00:00&Period="
      "60&"
      "Statistics.member.1=Sum";
  EXPECT_THAT(query(form).body, HasSubstr("<Datapoints><member><Sum>1.5</Sum><Timestamp>1970-01-01T00:01:00Z"
                                          "</Timestamp><Unit>None</Unit></member></Datapoints><Label>loss</Label>"));
  EXPECT_THAT(query(form + "&ExtendedStatistics.member.1=p99").body,
              HasSubstr("<ExtendedStatistics><entry><key>p99</key><value>1.5</value></entry></ExtendedStatistics>"));
  EXPECT_THAT(
      query("Action=PutMetricData&Namespace=s&MetricData.member.1.MetricName=m&MetricData.member.1.Value=3").body,
      HasSubstr("<PutMetricDataResponse"));
  EXPECT_EQ(metrics.list(kAccount, {.space = "s"}).size(), 1U);
  const Response refused = query("Action=Fly");
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("<Code>InvalidAction</Code>"));
  EXPECT_THAT(query("x=%").body, HasSubstr("MalformedInput"));
}

TEST_F(MetricsServiceTest, CborHasTimesAsTimes) {
  metrics.put(kAccount, loss, 61, 1.5);
  Request request{.method = "POST", .path = "/service/GraniteServiceVersion20100801/operation/GetMetricStatistics"};
  request.body = bytes_of(aws::to_cbor(wanted));
  const Response response = serve_metrics(service, caller, request);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(find_header(response.headers, "smithy-protocol"), "rpc-v2-cbor");
  EXPECT_THAT(response.body, HasSubstr("\x69Timestamp\xc1"));
  EXPECT_EQ(aws::parse_cbor(as_bytes(response.body))["Datapoints"][0]["Average"], 1.5);
  request.path = "/service/GraniteServiceVersion20100801/operation/Fly";
  EXPECT_EQ(serve_metrics(service, caller, request).status, 400);
}

TEST_F(MetricsServiceTest, AlarmsFollowTheirMetric) {
  Json alarm = Json::parse(R"({"AlarmName": "errors", "Namespace": "space", "MetricName": "loss", "Period": 10,
      "Dimensions": [{"Name": "Job", "Value": "j"}], "Statistic": "Sum", "EvaluationPeriods": 2, "Threshold": 3,
      "ComparisonOperator": "GreaterThanThreshold", "DatapointsToAlarm": 1})");
  ask("PutMetricAlarm", alarm);
  const auto state = [&] { return ask("DescribeAlarms", Json::object())["MetricAlarms"][0]["StateValue"]; };
  EXPECT_EQ(state(), "INSUFFICIENT_DATA");
  EXPECT_FALSE(alarms.in_alarm(kAccount, "errors"));
  metrics.put(kAccount, loss, now_seconds(), 5);
  EXPECT_TRUE(alarms.in_alarm(kAccount, "errors"));
  EXPECT_EQ(state(), "ALARM");
  EXPECT_FALSE(alarms.in_alarm("999999999999", "errors"));
  alarm["Threshold"] = 10;
  ask("PutMetricAlarm", alarm);
  EXPECT_EQ(state(), "OK");
  ask("DeleteAlarms", {{"AlarmNames", {"errors"}}});
  EXPECT_TRUE(ask("DescribeAlarms", Json::object())["MetricAlarms"].empty());
  alarm["AlarmActions"] = {"arn:aws:sns:x"};
  EXPECT_THAT(refusal("PutMetricAlarm", alarm), HasSubstr("AlarmActions"));
}

TEST(MetricsFields, TimesAreReadAndWritten) {
  using namespace metrics_api;
  EXPECT_EQ(parse_time("2024-01-01T00:00:00Z"), 1704067200.0);
  EXPECT_EQ(parse_time("2024-01-01T01:00:00.250+01:00"), 1704067200.25);
  EXPECT_EQ(parse_time("2024-01-01"), 1704067200.0);
  EXPECT_EQ(time_text(1704067200.25), "2024-01-01T00:00:00.250Z");
  for (const char* none :
       {"", "x", "2024-02-30T00:00:00Z", "2024-01-01T25:00:00Z", "2024-01-01T00:00:00X", "2024-01-0"}) {
    EXPECT_EQ(parse_time(none), std::nullopt) << none;
  }
}

}  // namespace
}  // namespace graft
