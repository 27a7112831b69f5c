#include "watch/metrics_queries.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "base/error.h"
#include "base/json.h"
#include "watch/alarms.h"
#include "watch/metric_math.h"
#include "watch/metrics_fields.h"

namespace graft::metrics_api {
namespace {

constexpr std::size_t kMostDatapoints = 1440, kMostData = 100'800, kMostListed = 500, kMostHeld = 1'000'000;
constexpr double kDay = 86'400;

struct Span {
  double begin = 0, end = 0;
};

// As CloudWatch, which begins with the whole minute; short periods begin with the second.
Span span_of(const Json& input, int period) {
  Span span{time_of(input, "StartTime"), time_of(input, "EndTime")};
  if (span.begin >= span.end) invalid("The parameter StartTime must be less than the parameter EndTime.");
  if (period >= 60) span.begin = std::floor(span.begin / 60) * 60;
  return span;
}

std::vector<std::string> statistics_of(const Json& input, const char* name, std::size_t most) {
  std::vector<std::string> statistics;
  for (const Json& statistic : aws::list_of(input, name, {.most = most})) {
    statistics.push_back(statistic.get<std::string>());
    const bool percentile = statistics.back().starts_with('p');
    if (!is_statistic(statistics.back()) || percentile != (std::string_view(name) == "ExtendedStatistics")) {
      invalid(text("The value ", statistics.back().substr(0, 100), " for parameter ", name, " is not supported."));
    }
  }
  return statistics;
}

// A place in a list, as a token.
std::size_t place_of(const Json& input) {
  const auto token = aws::text_if(input, "NextToken", {.most = 32});
  if (!token) return 0;
  std::size_t place = 0;
  const auto [at, error] = std::from_chars(token->data(), token->data() + token->size(), place);
  if (error != std::errc() || at != token->data() + token->size() || token->empty()) {
    throw Error(Kind::invalid, "InvalidNextToken", "The NextToken is none that this operation gave.");
  }
  return place;
}

struct Query {
  std::string id{}, label{};
  Series points{};
};

// The queries of a request, each of which runs once and after those that it names.
class Queries {
 public:
  Queries(const Metrics& metrics, const Caller& caller, const Json& input)
      : metrics_(metrics), caller_(caller), input_(input) {
    const aws::TextRule rule{.least = 1, .most = 255, .pattern = "[a-z][a-zA-Z0-9_]*"};
    for (const Json& query : aws::list_of(input, "MetricDataQueries", {.least = 1, .most = 500})) {
      Asked asked{.query = query, .at = text("MetricDataQueries.", asked_.size() + 1, ".member")};
      asked.result.id = aws::text_of(query, "Id", rule, asked.at);
      if (!by_id_.emplace(asked.result.id, asked_.size()).second) {
        invalid(text("The Id ", asked.result.id, " is given twice."));
      }
      has_expressions_ |= is_expression(asked);
      asked_.push_back(std::move(asked));
    }
  }

  std::size_t size() const { return asked_.size(); }
  bool is_returned(std::size_t index) const { return aws::flag_of(asked_[index].query, "ReturnData", true); }
  const Query& result(std::size_t index) {
    Asked& asked = asked_[index];
    if (asked.state == Asked::State::running) invalid(text("The expression ", asked.result.id, " names itself."));
    if (asked.state == Asked::State::done) return asked.result;
    asked.state = Asked::State::running;
    if (is_expression(asked)) {
      run_expression(asked);
    } else {
      run_statistic(asked);
    }
    asked.state = Asked::State::done;
    held_ += asked.result.points.size();
    if (has_expressions_ && held_ > kMostHeld) {
      bad_combination(text("The queries and expressions have more than ", kMostHeld,
                           " datapoints together: ask for fewer, for longer periods or for a shorter time."));
    }
    return asked.result;
  }
  // The result, which is not asked for again: it stays where an expression may name it.
  Query take(std::size_t index) {
    result(index);
    return has_expressions_ ? asked_[index].result : std::move(asked_[index].result);
  }

 private:
  struct Asked {
    enum class State { waiting, running, done };
    const Json& query;
    std::string at{};
    Query result{};
    State state = State::waiting;
  };

  static bool is_expression(const Asked& asked) { return asked.query.contains("Expression"); }
  void run_expression(Asked& asked) {
    const std::string expression = aws::text_of(asked.query, "Expression", {.least = 1, .most = 2048}, asked.at);
    if (asked.query.contains("MetricStat")) {
      bad_combination(text(asked.at, ": give either MetricStat or Expression."));
    }
    asked.result.label = aws::text_if(asked.query, "Label", {.most = 1024}, asked.at).value_or(asked.result.id);
    asked.result.points = evaluate(expression, {.series = [this](const std::string& id) -> const Series& {
                                                  const auto found = by_id_.find(id);
                                                  if (found == by_id_.end()) invalid(text("There is no query ", id));
                                                  return result(found->second).points;
                                                },
                                                .metrics = [this] { return all_metrics(); }});
  }
  std::vector<const Series*> all_metrics() {
    std::vector<const Series*> all;
    for (std::size_t i = 0; i < asked_.size(); ++i) {
      if (!is_expression(asked_[i])) all.push_back(&result(i).points);
    }
    return all;
  }
  void run_statistic(Asked& asked) {
    const std::string& at = asked.at;
    const Json& stat = aws::object_of(asked.query, "MetricStat", at);
    const std::string below = at + ".MetricStat";
    if (stat.empty()) aws::invalid_field(at, "MetricStat", nullptr, "Member must not be null");
    const Metric metric = metric_of(aws::object_of(stat, "Metric", below), below + ".Metric");
    const std::string statistic = aws::text_of(stat, "Stat", {.least = 1, .most = 20}, below);
    if (!is_statistic(statistic)) invalid(text("The value ", statistic, " for parameter Stat is not supported."));
    const int period = period_of(stat, below);
    const auto unit = aws::text_if(stat, "Unit", {.most = 30}, below);
    const Span span = span_of(input_, period);
    asked.result.label = aws::text_if(asked.query, "Label", {.most = 1024}, at).value_or(metric.name);
    for (const Statistics& value : metrics_.statistics(caller_.account, metric, span.begin, span.end, period)) {
      if (!unit || value.unit == *unit) asked.result.points.emplace_back(value.time, value_of(value, statistic));
    }
  }

  const Metrics& metrics_;
  const Caller& caller_;
  const Json& input_;
  std::vector<Asked> asked_{};
  std::map<std::string, std::size_t> by_id_{};
  bool has_expressions_ = false;
  std::size_t held_ = 0;  // datapoints of all results
};

// Value, Values with Counts, or StatisticValues.
Statistics values_of(const Json& datum, const std::string& at) {
  Statistics statistics;
  const auto value = aws::number_if(datum, "Value", {}, at);
  const Json& values = aws::list_of(datum, "Values", {.most = 150}, at);
  const Json& counts = aws::list_of(datum, "Counts", {.most = 150}, at);
  const Json& set = aws::object_of(datum, "StatisticValues", at);
  if ((value ? 1 : 0) + (values.empty() ? 0 : 1) + (set.empty() ? 0 : 1) != 1) {
    bad_combination(text(at, ": give exactly one of Value, Values and StatisticValues."));
  }
  if (!set.empty()) {
    const std::string below = at + ".StatisticValues";
    statistics = {.count = aws::number_of(set, "SampleCount", {.least = 0}, below),
                  .sum = aws::number_of(set, "Sum", {}, below),
                  .minimum = aws::number_of(set, "Minimum", {}, below),
                  .maximum = aws::number_of(set, "Maximum", {}, below)};
    statistics.samples = {{statistics.average(), statistics.count}};
    return statistics;
  }
  if (!counts.empty() && counts.size() != values.size()) {
    bad_combination(text(at, ": Counts and Values must have the same number of elements."));
  }
  if (value) statistics.samples = {{*value, 1}};
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double count = counts.empty() ? 1 : aws::number_of({{"Counts", counts[i]}}, "Counts", {.least = 0}, at);
    statistics.samples.push_back({aws::number_of({{"Values", values[i]}}, "Values", {}, at), count});
  }
  statistics.minimum = statistics.maximum = statistics.samples.front().value;
  for (const Sample& sample : statistics.samples) {
    statistics.count += sample.weight;
    statistics.sum += sample.value * sample.weight;
    statistics.minimum = std::min(statistics.minimum, sample.value);
    statistics.maximum = std::max(statistics.maximum, sample.value);
  }
  return statistics;
}

}  // namespace

Json get_statistics(const Metrics& metrics, const Caller& caller, const Json& input) {
  const Metric metric = metric_of(input);
  const int period = period_of(input);
  const Span span = span_of(input, period);
  const auto plain = statistics_of(input, "Statistics", 5), extended = statistics_of(input, "ExtendedStatistics", 10);
  if (plain.empty() && extended.empty()) {
    throw Error(Kind::invalid, "MissingRequiredParameterException",
                "The parameter Statistics or ExtendedStatistics is required.");
  }
  const auto unit = aws::text_if(input, "Unit", {.most = 30});
  Json points = Json::array();
  for (const Statistics& value : metrics.statistics(caller.account, metric, span.begin, span.end, period)) {
    if (unit && value.unit != *unit) continue;
    Json point = {{"Timestamp", value.time}, {"Unit", value.unit}};
    for (const std::string& name : plain) point[name] = value_of(value, name);
    for (const std::string& name : extended) point["ExtendedStatistics"][name] = value_of(value, name);
    points.push_back(std::move(point));
  }
  if (points.size() > kMostDatapoints) {
    bad_combination(text("You have requested up to ", points.size(), " datapoints, which exceeds the limit of ",
                         kMostDatapoints,
                         ". You may reduce the datapoints requested by increasing Period, or "
                         "decreasing the time range."));
  }
  return {{"Label", metric.name}, {"Datapoints", std::move(points)}};
}

Json get_data(const Metrics& metrics, const Caller& caller, const Json& input) {
  const bool ascending =
      aws::text_if(input, "ScanBy", {.one_of = {"TimestampAscending", "TimestampDescending"}}) == "TimestampAscending";
  const auto most = static_cast<std::size_t>(
      aws::integer_if(input, "MaxDatapoints", {.least = 1, .most = kMostData}).value_or(kMostData));
  // Points of all queries, one after the other, that were on pages before.
  const std::size_t place = place_of(input);
  std::size_t passed = 0, given = 0;
  bool more = false;
  Queries queries(metrics, caller, input);
  Json results = Json::array();
  for (std::size_t i = 0; i < queries.size(); ++i) {
    Query answer = queries.take(i);
    if (!queries.is_returned(i)) continue;
    if (!ascending) std::reverse(answer.points.begin(), answer.points.end());
    Json times = Json::array(), values = Json::array();
    bool complete = true;
    for (const auto& [time, value] : answer.points) {
      if (passed++ < place) continue;
      complete = given < most;
      if (!complete) break;
      ++given;
      times.push_back(time);
      values.push_back(value);
    }
    more = more || !complete;
    results.push_back({{"Id", answer.id},
                       {"Label", answer.label},
                       {"Timestamps", std::move(times)},
                       {"Values", std::move(values)},
                       {"StatusCode", complete ? "Complete" : "PartialData"}});
    if (more) break;
  }
  Json answer = {{"MetricDataResults", std::move(results)}, {"Messages", Json::array()}};
  if (more) answer["NextToken"] = std::to_string(place + given);
  return answer;
}

Json list_metrics(const Metrics& metrics, const Caller& caller, const Json& input) {
  const std::vector<Metric> found = metrics.list(caller.account, metric_of(input, "", true));
  const std::size_t begin = std::min(place_of(input), found.size());
  const std::size_t end = std::min(found.size(), begin + kMostListed);
  Json list = Json::array();
  for (std::size_t i = begin; i < end; ++i) {
    list.push_back(
        {{"Namespace", found[i].space}, {"MetricName", found[i].name}, {"Dimensions", dimensions_of(found[i])}});
  }
  Json answer = {{"Metrics", std::move(list)}};
  if (end < found.size()) answer["NextToken"] = std::to_string(end);
  return answer;
}

Json put_data(Metrics& metrics, const Caller& caller, const Json& input) {
  const std::string space = aws::text_of(input, "Namespace", {.least = 1, .most = 255});
  // What the platform measures cannot be made up.
  if (space.starts_with("AWS/")) invalid("The value AWS/ for parameter Namespace is invalid.");
  const double now = now_seconds();
  std::vector<std::pair<Metric, Statistics>> taken;
  int index = 0;
  for (const Json& datum : aws::list_of(input, "MetricData", {.least = 1, .most = 1000})) {
    const std::string at = text("MetricData.", ++index, ".member");
    Json named = {{"Namespace", space}};
    for (const char* name : {"MetricName", "Dimensions"}) {
      if (datum.contains(name)) named[name] = datum[name];
    }
    Statistics statistics = values_of(datum, at);
    statistics.time = time_if(datum, "Timestamp", at).value_or(now);
    statistics.unit = aws::text_if(datum, "Unit", {.most = 30}, at).value_or("None");
    if (statistics.time < now - 14 * kDay || statistics.time > now + kDay / 12) {
      invalid(text("The parameter ", at, ".Timestamp must specify a time within the past two weeks."));
    }
    taken.emplace_back(metric_of(named, at), std::move(statistics));
  }
  // All of them, or none.
  for (const auto& [metric, statistics] : taken) metrics.put(caller.account, metric, statistics);
  return nullptr;
}

}  // namespace graft::metrics_api
