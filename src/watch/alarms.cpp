#include "watch/alarms.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <mutex>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "database/database.h"

namespace graft {
namespace {

constexpr const char* kTables = R"(
  create table if not exists alarms (
    account text not null, name text not null, settings text not null, state text not null, reason text not null,
    changed real not null,
    primary key (account, name)) without rowid;
)";

std::string to_text(const Alarm& alarm) {
  return Json({{"space", alarm.metric.space},
               {"metric", alarm.metric.name},
               {"dimensions", alarm.metric.dimensions},
               {"statistic", alarm.statistic},
               {"period", alarm.period},
               {"periods", alarm.periods},
               {"breaching", alarm.breaching},
               {"threshold", alarm.threshold},
               {"comparison", alarm.comparison},
               {"missing", alarm.missing},
               {"request", alarm.request},
               {"configured", alarm.configured}})
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Of a row: name, settings, state, reason, changed.
Alarm read_row(const Rows& rows) {
  const Json settings = Json::parse(rows.text(1));
  Alarm alarm{.name = rows.text(0), .state = rows.text(2), .reason = rows.text(3), .changed = rows.real(4)};
  settings.at("space").get_to(alarm.metric.space);
  settings.at("metric").get_to(alarm.metric.name);
  settings.at("dimensions").get_to(alarm.metric.dimensions);
  settings.at("statistic").get_to(alarm.statistic);
  settings.at("period").get_to(alarm.period);
  settings.at("periods").get_to(alarm.periods);
  settings.at("breaching").get_to(alarm.breaching);
  settings.at("threshold").get_to(alarm.threshold);
  settings.at("comparison").get_to(alarm.comparison);
  settings.at("missing").get_to(alarm.missing);
  settings.at("request").get_to(alarm.request);
  settings.at("configured").get_to(alarm.configured);
  return alarm;
}

bool breaches(const Alarm& alarm, double value) {
  if (alarm.comparison == "GreaterThanThreshold") return value > alarm.threshold;
  if (alarm.comparison == "GreaterThanOrEqualToThreshold") return value >= alarm.threshold;
  if (alarm.comparison == "LessThanThreshold") return value < alarm.threshold;
  return value <= alarm.threshold;
}

// Of the periods up to `end`: in how many the threshold was crossed, and how many have no value.
struct Count {
  int breaching = 0, missing = 0;
};
Count count(const Alarm& alarm, const std::vector<Statistics>& values, double end) {
  const double begin = end - static_cast<double>(alarm.periods) * alarm.period;
  Count counted{.missing = alarm.periods};
  for (const Statistics& value : values) {
    if (value.time < begin || value.time >= end) continue;
    --counted.missing;
    if (breaches(alarm, value_of(value, alarm.statistic))) ++counted.breaching;
  }
  if (alarm.missing == "breaching") counted.breaching += counted.missing;
  return counted;
}

// The state that the values make; nothing where it stays as it is.
std::optional<std::string> judge(const Alarm& alarm, const Count& counted) {
  if (counted.breaching >= alarm.breaching) return "ALARM";
  if (counted.missing < alarm.periods || alarm.missing == "notBreaching" || alarm.missing == "breaching") return "OK";
  if (alarm.missing == "ignore") return std::nullopt;
  return "INSUFFICIENT_DATA";
}

// Looks at the last whole periods. What is above a threshold in a period that is not over yet is an alarm already: a
// deployment is rolled back the sooner. Below one it may still rise.
void evaluate(Alarm& alarm, const Metrics& metrics, const std::string& account, double now) {
  const double period = alarm.period, whole = std::floor(now / period) * period;
  const auto values =
      metrics.statistics(account, alarm.metric, whole - alarm.periods * period, whole + period, alarm.period);
  Count counted = count(alarm, values, whole);
  std::optional<std::string> state = judge(alarm, counted);
  if (state != "ALARM" && alarm.comparison.starts_with("Greater")) {
    const Count sooner = count(alarm, values, whole + period);
    const bool seen = sooner.missing < alarm.periods;
    if (judge(alarm, sooner) == "ALARM" || (seen && state == "INSUFFICIENT_DATA")) {
      counted = sooner;
      state = judge(alarm, sooner);
    }
  }
  if (!state || *state == alarm.state) return;
  alarm.state = *state;
  alarm.changed = now;
  alarm.reason = text("Threshold Crossed: ", counted.breaching, " of ", alarm.periods, " datapoints were ",
                      alarm.comparison, " (", alarm.threshold, "), ", counted.missing, " were missing.");
}

std::optional<double> percent_of(const std::string& name) {
  double percent = 0;
  if (name.size() < 2 || name[0] != 'p') return std::nullopt;
  const char* end = name.data() + name.size();
  const auto [at, error] = std::from_chars(name.data() + 1, end, percent, std::chars_format::fixed);
  return error == std::errc() && at == end && percent >= 0 && percent <= 100 ? std::optional(percent) : std::nullopt;
}

}  // namespace

double value_of(const Statistics& statistics, const std::string& name) {
  if (name == "SampleCount") return statistics.count;
  if (name == "Average") return statistics.average();
  if (name == "Sum") return statistics.sum;
  if (name == "Minimum") return statistics.minimum;
  if (name == "Maximum") return statistics.maximum;
  return statistics.percentile(percent_of(name).value_or(50));
}

bool is_statistic(const std::string& name) {
  for (const char* known : {"SampleCount", "Average", "Sum", "Minimum", "Maximum"}) {
    if (name == known) return true;
  }
  return percent_of(name).has_value();
}

struct Alarms::State {
  State(const std::filesystem::path& folder, const Metrics& of)
      : metrics(of), database((make_folder(folder), folder / "alarms.db")) {
    database.script(kTables);
  }

  void evaluate(Alarm& alarm, const std::string& account, double now) {
    const std::string before = alarm.state;
    graft::evaluate(alarm, metrics, account, now);
    if (alarm.state == before) return;
    database.run("update alarms set state = ?, reason = ?, changed = ? where account = ? and name = ?", alarm.state,
                 alarm.reason, alarm.changed, account, alarm.name);
  }

  std::mutex mutex{};
  const Metrics& metrics;
  Database database;
};

Alarms::Alarms(const std::filesystem::path& folder, const Metrics& metrics) : state_(new State(folder, metrics)) {}
Alarms::~Alarms() = default;

void Alarms::put(const std::string& account, const Alarm& alarm) {
  const std::lock_guard lock(state_->mutex);
  state_->database.run(
      "insert into alarms values (?, ?, ?, ?, ?, ?) on conflict do update set settings = excluded.settings", account,
      alarm.name, to_text(alarm), alarm.state, alarm.reason, alarm.configured);
}

std::vector<Alarm> Alarms::list(const std::string& account, double now) const {
  const std::lock_guard lock(state_->mutex);
  std::vector<Alarm> alarms;
  for (Rows rows = state_->database.query(
           "select name, settings, state, reason, changed from alarms where account = ? order by name", account);
       rows.next();) {
    alarms.push_back(read_row(rows));
  }
  for (Alarm& alarm : alarms) state_->evaluate(alarm, account, now);
  return alarms;
}

std::size_t Alarms::count(const std::string& account) const {
  const std::lock_guard lock(state_->mutex);
  Rows rows = state_->database.query("select count(*) from alarms where account = ?", account);
  return rows.next() ? static_cast<std::size_t>(rows.integer(0)) : 0;
}

bool Alarms::erase(const std::string& account, const std::string& name) {
  const std::lock_guard lock(state_->mutex);
  state_->database.run("delete from alarms where account = ? and name = ?", account, name);
  return state_->database.changed() > 0;
}

bool Alarms::in_alarm(const std::string& account, const std::string& name) const {
  const std::lock_guard lock(state_->mutex);
  std::optional<Alarm> alarm;
  {
    Rows rows = state_->database.query(
        "select name, settings, state, reason, changed from alarms where account = ? and name = ?", account, name);
    if (rows.next()) alarm = read_row(rows);
  }
  if (!alarm) return false;
  state_->evaluate(*alarm, account, now_seconds());
  return alarm->state == "ALARM";
}

}  // namespace graft
