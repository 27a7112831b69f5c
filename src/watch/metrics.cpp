#include "watch/metrics.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "base/bytes.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "database/database.h"
#include "watch/samples.h"

namespace graft {
namespace {

constexpr std::size_t kMostSamples = 256;
// While a period is put together out of its rows, and what is left of them then.
constexpr std::size_t kMostTogether = 1 << 16, kFewTogether = 4096;
// Of values in a second that is not written down yet, before they are thinned out.
constexpr std::size_t kMostPending = 4096;
// Seconds of series that wait to be written: what comes with more is written by who puts it.
constexpr std::size_t kMostWaiting = 20'000;
constexpr auto kPatience = std::chrono::milliseconds(100);
constexpr double kHour = 3600, kFine = 3 * kHour, kKept = 63 * 24 * kHour;

constexpr const char* kTables = R"(
  create table if not exists series (
    id integer primary key, account text not null, space text not null, name text not null, dimensions text not null,
    unit text not null,
    unique (account, space, name, dimensions));
  create table if not exists points (
    series integer not null references series (id) on delete cascade, time integer not null,
    count real not null, sum real not null, minimum real not null, maximum real not null, samples blob not null,
    primary key (series, time)) without rowid;
  create index if not exists points_by_time on points (time);
)";

// JSON with its keys in order: the same dimensions are the same text.
std::string printed(const std::map<std::string, std::string>& dimensions) {
  return Json(dimensions).dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Of a row whose columns from 1 on are time, count, sum, minimum, maximum, samples.
Statistics read_row(const Rows& rows) {
  return {.time = static_cast<double>(rows.integer(1)),
          .count = rows.real(2),
          .sum = rows.real(3),
          .minimum = rows.real(4),
          .maximum = rows.real(5),
          .samples = unpacked(rows.bytes(6))};
}

// What is put and not written down yet: of one series in one second.
struct Pending {
  std::string account{}, dimensions{};
  Metric metric{};
  std::vector<Statistics> seconds{};
};

}  // namespace

double now_seconds() {
  using namespace std::chrono;
  return duration<double>(system_clock::now().time_since_epoch()).count();
}

struct Metrics::State {
  explicit State(const std::filesystem::path& folder) : database((make_folder(folder), folder / "metrics.db")) {
    database.script("pragma synchronous = normal");
    database.script(kTables);
  }

  std::int64_t series_id(const Pending& of, const std::string& unit) {
    const Metric& metric = of.metric;
    {
      Rows rows =
          database.query("select id, unit from series where account = ? and space = ? and name = ? and dimensions = ?",
                         of.account, metric.space, metric.name, of.dimensions);
      if (rows.next() && (unit.empty() || rows.text(1) == unit)) return rows.integer(0);
    }
    Rows rows = database.query(
        "insert into series (account, space, name, dimensions, unit) values (?, ?, ?, ?, ?) "
        "on conflict do update set unit = excluded.unit returning id",
        of.account, metric.space, metric.name, of.dimensions, unit.empty() ? "None" : unit);
    rows.next();
    const std::int64_t id = rows.integer(0);
    rows.next();
    return id;
  }

  // Adds to the row of this time. `mutex` is held, in a transaction.
  void add(std::int64_t series, const Statistics& statistics) {
    Statistics row = statistics;
    const auto time = static_cast<std::int64_t>(statistics.time);
    {
      Rows rows = database.query(
          "select series, time, count, sum, minimum, maximum, samples from points "
          "where series = ? and time = ?",
          series, time);
      if (rows.next()) merge(row, read_row(rows));
    }
    thin(row.samples, kMostSamples);
    const Bytes samples = packed(row.samples);
    database.run("insert or replace into points values (?, ?, ?, ?, ?, ?, ?)", series, time, row.count, row.sum,
                 row.minimum, row.maximum, ByteView(samples));
  }

  // Writes down what waits. `mutex` is held.
  void write() {
    std::unordered_map<std::string, Pending> taken;
    {
      const std::lock_guard lock(pending_mutex);
      taken.swap(pending);
      waiting = 0;
    }
    if (taken.empty()) return;
    Transaction transaction(database);
    for (auto& [key, series] : taken) {
      const std::int64_t id = series_id(series, series.seconds.back().unit);
      for (const Statistics& second : series.seconds) add(id, second);
    }
    transaction.commit();
  }

  // The thread that writes.
  void keep_writing(const std::stop_token& stop) {
    // First a minute after the start, which is to be quick.
    double cleaned = now_seconds() - kHour + 60;
    while (!stop.stop_requested()) {
      {
        std::unique_lock lock(pending_mutex);
        if (!changed.wait(lock, stop, [&] { return !pending.empty(); })) return;
        // More may come that belongs to the same rows.
        changed.wait_for(lock, stop, kPatience, [] { return false; });
      }
      try {
        const std::lock_guard lock(mutex);
        write();
        if (const double now = now_seconds(); now > cleaned + kHour) {
          drop_old(now);
          cleaned = now;
        }
      } catch (const std::exception& error) {
        spdlog::error("metrics are lost: {}", error.what());
      }
    }
  }

  void drop_old(double now) {
    database.run("delete from points where time < ?", static_cast<std::int64_t>(now - kKept));
    database.run("delete from series where id not in (select series from points)");
    while (make_coarse(static_cast<std::int64_t>(now - kFine))) {
    }
  }

  // Adds some rows of seconds before `time` to those of their minutes. False when there are no more.
  bool make_coarse(std::int64_t time) {
    static constexpr std::size_t kAtOnce = 5000;
    Transaction transaction(database);
    std::vector<std::pair<std::int64_t, Statistics>> seconds;
    for (Rows rows = database.query("select series, time, count, sum, minimum, maximum, samples from points "
                                    "where time < ? and time % 60 <> 0 limit ?",
                                    time - time % 60, kAtOnce);
         rows.next();) {
      seconds.emplace_back(rows.integer(0), read_row(rows));
    }
    for (auto& [series, second] : seconds) {
      database.run("delete from points where series = ? and time = ?", series, static_cast<std::int64_t>(second.time));
      second.time = std::floor(second.time / 60) * 60;
      add(series, second);
    }
    transaction.commit();
    return seconds.size() == kAtOnce;
  }

  std::mutex mutex{};  // of the database
  Database database;
  std::mutex pending_mutex{};
  std::condition_variable_any changed{};
  std::unordered_map<std::string, Pending> pending{};
  std::size_t waiting = 0;  // seconds in `pending`
  std::jthread writer{};    // last: it ends before the rest
};

Metrics::Metrics(const std::filesystem::path& folder) : state_(new State(folder)) {
  state_->writer = std::jthread([state = state_.get()](const std::stop_token& stop) { state->keep_writing(stop); });
}

Metrics::~Metrics() {
  state_->writer.request_stop();
  state_->writer.join();
  try {
    state_->write();
  } catch (const std::exception& error) {
    spdlog::error("metrics are lost: {}", error.what());
  }
}

void Metrics::put(const std::string& account, const Metric& metric, double time, double value,
                  const std::string& unit) {
  put(account, metric, {time, 1, value, value, value, {{value, 1}}, unit});
}

void Metrics::put(const std::string& account, const Metric& metric, const Statistics& statistics) {
  for (const double number :
       {statistics.time, statistics.count, statistics.sum, statistics.minimum, statistics.maximum}) {
    if (!std::isfinite(number)) return;
  }
  if (statistics.count <= 0 || std::abs(statistics.time) > 1e12) return;
  const double second = std::floor(statistics.time);
  std::string dimensions = printed(metric.dimensions);
  std::string key = account + '\0' + metric.space + '\0' + metric.name + '\0' + dimensions;
  bool full = false;
  {
    const std::lock_guard lock(state_->pending_mutex);
    Pending& series = state_->pending[std::move(key)];
    if (series.seconds.empty()) series = {account, std::move(dimensions), metric, {}};
    auto& seconds = series.seconds;
    auto at = std::find_if(seconds.rbegin(), seconds.rend(), [&](const Statistics& s) { return s.time == second; });
    if (at == seconds.rend()) {
      seconds.push_back({.time = second});
      at = seconds.rbegin();
      ++state_->waiting;
    }
    merge(*at, statistics);
    at->unit = statistics.unit;
    if (at->samples.size() > kMostPending) thin(at->samples, kMostSamples);
    full = state_->waiting > kMostWaiting;
  }
  state_->changed.notify_one();
  if (!full) return;
  const std::lock_guard lock(state_->mutex);
  state_->write();
}

std::vector<Statistics> Metrics::statistics(const std::string& account, const Metric& metric, double begin, double end,
                                            int period) const {
  const std::lock_guard lock(state_->mutex);
  state_->write();
  std::vector<Statistics> periods;
  // Comparing with whole seconds: a second belongs where it begins.
  const double first = std::clamp(std::ceil(begin), -1e12, 1e12), last = std::clamp(std::ceil(end), -1e12, 1e12);
  for (Rows rows = state_->database.query(
           "select p.series, p.time, p.count, p.sum, p.minimum, p.maximum, p.samples, s.unit from points p "
           "join series s on s.id = p.series where s.account = ? and s.space = ? and s.name = ? and s.dimensions = ? "
           "and p.time >= ? and p.time < ? order by p.time",
           account, metric.space, metric.name, printed(metric.dimensions), static_cast<std::int64_t>(first),
           static_cast<std::int64_t>(last));
       rows.next();) {
    const Statistics row = read_row(rows);
    const double time = std::floor(row.time / period) * period;
    if (periods.empty() || periods.back().time != time) {
      if (!periods.empty()) thin(periods.back().samples, kMostTogether);
      periods.push_back({.time = time, .unit = rows.text(7)});
    }
    merge(periods.back(), row);
    if (periods.back().samples.size() > kMostTogether) thin(periods.back().samples, kFewTogether);
  }
  if (!periods.empty()) thin(periods.back().samples, kMostTogether);
  return periods;
}

std::vector<Metric> Metrics::list(const std::string& account, const Metric& like) const {
  const std::lock_guard lock(state_->mutex);
  state_->write();
  std::vector<Metric> found;
  for (Rows rows = state_->database.query("select space, name, dimensions from series where account = ? "
                                          "order by space, name, dimensions",
                                          account);
       rows.next();) {
    Metric metric{.space = rows.text(0), .name = rows.text(1)};
    if (!like.space.empty() && metric.space != like.space) continue;
    if (!like.name.empty() && metric.name != like.name) continue;
    metric.dimensions = Json::parse(rows.text(2)).get<std::map<std::string, std::string>>();
    const bool all = std::all_of(like.dimensions.begin(), like.dimensions.end(), [&](const auto& wanted) {
      const auto has = metric.dimensions.find(wanted.first);
      return has != metric.dimensions.end() && (wanted.second.empty() || has->second == wanted.second);
    });
    if (all) found.push_back(std::move(metric));
  }
  return found;
}

void Metrics::drop_old(double now) {
  const std::lock_guard lock(state_->mutex);
  state_->write();
  state_->drop_old(now);
}

}  // namespace graft
