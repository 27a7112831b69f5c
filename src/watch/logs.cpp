#include "watch/logs.h"

#include <algorithm>
#include <chrono>
#include <mutex>

#include "base/error.h"
#include "base/file.h"
#include "base/words.h"
#include "database/database.h"

namespace graft {
namespace {

constexpr std::size_t kMostMessage = 256 << 10;
constexpr std::int64_t kHour = 3'600'000, kDay = 24 * kHour;

constexpr const char* kTables = R"(
  create table if not exists groups (
    id integer primary key, account text not null, name text not null, created integer not null, days integer,
    unique (account, name));
  create table if not exists streams (
    id integer primary key autoincrement, log_group integer not null references groups (id) on delete cascade,
    name text not null, created integer not null, last integer not null default 0, bytes integer not null default 0,
    next integer not null default 1, oldest integer not null default 1,
    unique (log_group, name));
  create table if not exists events (
    stream integer not null references streams (id) on delete cascade, id integer not null, time integer not null,
    message text not null,
    primary key (stream, id)) without rowid;
)";

// Above every name with this prefix, in the order of bytes: no UTF-8 has the byte 255.
std::string above(std::string_view prefix) {
  return std::string(prefix) + '\xff';
}

// A line without its end, as long as a log takes.
std::string_view message_of(std::string_view line) {
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  return cut(line, kMostMessage);
}

struct Stream {
  std::int64_t id = 0, last = 0, bytes = 0, next = 1, oldest = 1;
};

std::optional<std::int64_t> group_id(Database& database, const std::string& account, const std::string& group) {
  Rows rows = database.query("select id from groups where account = ? and name = ?", account, group);
  return rows.next() ? std::optional(rows.integer(0)) : std::nullopt;
}

std::optional<Stream> find_stream(Database& database, const std::string& account, const std::string& group,
                                  const std::string& stream) {
  Rows rows = database.query(
      "select s.id, s.last, s.bytes, s.next, s.oldest from streams s join groups g on g.id = s.log_group "
      "where g.account = ? and g.name = ? and s.name = ?",
      account, group, stream);
  if (!rows.next()) return std::nullopt;
  return Stream{rows.integer(0), rows.integer(1), rows.integer(2), rows.integer(3), rows.integer(4)};
}

// The first id of the stream whose time is not before `time`; ids have no gaps and times do not go back.
std::int64_t first_at(Database& database, const Stream& stream, std::int64_t time) {
  std::int64_t low = stream.oldest, high = stream.next;
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    Rows rows = database.query("select time from events where stream = ? and id = ?", stream.id, middle);
    if (rows.next() && rows.integer(0) >= time) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

std::int64_t time_at(Database& database, std::int64_t stream, std::int64_t id) {
  Rows rows = database.query("select time from events where stream = ? and id = ?", stream, id);
  return rows.next() ? rows.integer(0) : 0;
}

// Drops what is before `id`.
void drop_before(Database& database, Stream& stream, std::int64_t id) {
  if (id <= stream.oldest) return;
  {
    Rows rows = database.query(
        "select coalesce(sum(octets), 0) from (select length(cast(message as blob)) octets "
        "from events where stream = ? and id < ?)",
        stream.id, id);
    if (rows.next()) stream.bytes -= rows.integer(0);
  }
  database.run("delete from events where stream = ? and id < ?", stream.id, id);
  stream.oldest = id;
  database.run("update streams set oldest = ?, bytes = ? where id = ?", stream.oldest, stream.bytes, stream.id);
}

// Drops the stream's first lines until it has `most` bytes.
void shrink(Database& database, Stream& stream, std::int64_t most) {
  std::int64_t excess = stream.bytes - most, id = stream.oldest;
  {
    Rows rows =
        database.query("select id, length(cast(message as blob)) from events where stream = ? order by id", stream.id);
    while (excess > 0 && rows.next()) {
      excess -= rows.integer(1);
      id = rows.integer(0) + 1;
    }
  }
  drop_before(database, stream, id);
}

}  // namespace

std::int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

struct Logs::State {
  State(const std::filesystem::path& folder, const LogLimits& of)
      : limits(of), database((make_folder(folder), folder / "logs.db")) {
    // A commit that is not synced at once survives the process, which is what append() promises, and costs 1 % of it.
    database.script("pragma synchronous = normal");
    database.script(kTables);
    Rows rows = database.query("select coalesce(sum(bytes), 0) from streams");
    if (rows.next()) bytes = rows.integer(0);
  }

  // The stream, made where it is missing.
  Stream stream(const std::string& account, const std::string& group, const std::string& name) {
    if (auto found = find_stream(database, account, group, name)) return *found;
    database.run("insert or ignore into groups (account, name, created) values (?, ?, ?)", account, group, now_ms());
    database.run("insert into streams (log_group, name, created) values (?, ?, ?)", group_id(database, account, group),
                 name, now_ms());
    return *find_stream(database, account, group, name);
  }

  void keep_limits(Stream& stream) {
    const std::int64_t before = stream.bytes;
    // A tenth at a time, so that it is not done with each line.
    if (stream.bytes > limits.stream_bytes) shrink(database, stream, limits.stream_bytes / 10 * 9);
    bytes += stream.bytes - before;
    if (bytes > limits.total_bytes) drop_quiet(stream.id);
  }

  // Drops the lines of the streams that were quiet longest, but not those of `spared`.
  void drop_quiet(std::int64_t spared) {
    std::vector<Stream> quiet;
    for (Rows rows = database.query("select id, last, bytes, next, oldest from streams where bytes > 0 order by last");
         rows.next();) {
      quiet.push_back({rows.integer(0), rows.integer(1), rows.integer(2), rows.integer(3), rows.integer(4)});
    }
    for (Stream& stream : quiet) {
      if (bytes <= limits.total_bytes / 10 * 9) return;
      if (stream.id == spared) continue;
      bytes -= stream.bytes;
      drop_before(database, stream, stream.next);
    }
  }

  void drop_old(std::int64_t now) {
    std::vector<std::pair<Stream, std::int64_t>> aging;
    for (Rows rows = database.query("select s.id, s.last, s.bytes, s.next, s.oldest, g.days from streams s "
                                    "join groups g on g.id = s.log_group where g.days is not null and s.bytes > 0");
         rows.next();) {
      aging.push_back({{rows.integer(0), rows.integer(1), rows.integer(2), rows.integer(3), rows.integer(4)},
                       now - rows.integer(5) * kDay});
    }
    for (auto& [stream, oldest] : aging) {
      const std::int64_t before = stream.bytes;
      drop_before(database, stream, first_at(database, stream, oldest));
      bytes += stream.bytes - before;
    }
    cleaned = now;
  }

  mutable std::mutex mutex{};
  LogLimits limits;
  mutable Database database;
  std::int64_t bytes = 0;    // of all messages
  std::int64_t cleaned = 0;  // when drop_old() ran
};

Logs::Logs(const std::filesystem::path& folder, const LogLimits& limits) : state_(new State(folder, limits)) {}
Logs::~Logs() = default;

void Logs::append(const std::string& account, const std::string& group, const std::string& stream,
                  const std::vector<std::string>& lines) {
  const std::int64_t now = now_ms();
  std::vector<LogEvent> events;
  events.reserve(lines.size());
  for (const std::string& line : lines) events.push_back({.time = now, .message = line});
  append_timed(account, group, stream, events);
}

void Logs::append_timed(const std::string& account, const std::string& group, const std::string& name,
                        const std::vector<LogEvent>& events) {
  const std::lock_guard lock(state_->mutex);
  Database& database = state_->database;
  Transaction transaction(database);
  Stream stream = state_->stream(account, group, name);
  const std::int64_t before = stream.bytes;
  for (const LogEvent& event : events) {
    const std::string_view message = message_of(event.message);
    stream.last = std::max(stream.last, event.time);
    database.run("insert into events values (?, ?, ?, ?)", stream.id, stream.next++, stream.last, message);
    stream.bytes += static_cast<std::int64_t>(message.size());
  }
  database.run("update streams set last = ?, bytes = ?, next = ? where id = ?", stream.last, stream.bytes, stream.next,
               stream.id);
  const std::int64_t total = state_->bytes;
  try {
    state_->bytes += stream.bytes - before;
    state_->keep_limits(stream);
    if (const std::int64_t now = now_ms(); now > state_->cleaned + kHour) state_->drop_old(now);
    transaction.commit();
  } catch (...) {
    state_->bytes = total;
    throw;
  }
}

bool Logs::add_group(const std::string& account, const std::string& group) {
  const std::lock_guard lock(state_->mutex);
  state_->database.run("insert or ignore into groups (account, name, created) values (?, ?, ?)", account, group,
                       now_ms());
  return state_->database.changed() > 0;
}

bool Logs::add_stream(const std::string& account, const std::string& group, const std::string& stream) {
  const std::lock_guard lock(state_->mutex);
  const auto id = group_id(state_->database, account, group);
  require(id.has_value(), "there is no log group ", group);
  state_->database.run("insert or ignore into streams (log_group, name, created) values (?, ?, ?)", *id, stream,
                       now_ms());
  return state_->database.changed() > 0;
}

std::vector<LogGroup> Logs::groups(const std::string& account, std::string_view prefix) const {
  const std::lock_guard lock(state_->mutex);
  std::vector<LogGroup> groups;
  const std::string end = above(prefix);
  for (Rows rows = state_->database.query(
           "select g.name, g.created, g.days, coalesce(sum(s.bytes), 0) from groups g left join streams s on "
           "s.log_group = g.id where g.account = ? and g.name >= ? and g.name < ? group by g.id order by g.name",
           account, prefix, end);
       rows.next();) {
    groups.push_back({.name = rows.text(0), .created = rows.integer(1), .bytes = rows.integer(3)});
    if (!rows.is_null(2)) groups.back().days = static_cast<int>(rows.integer(2));
  }
  return groups;
}

bool Logs::set_retention(const std::string& account, const std::string& group, std::optional<int> days) {
  const std::lock_guard lock(state_->mutex);
  state_->database.run("update groups set days = ? where account = ? and name = ?", days, account, group);
  const bool found = state_->database.changed() > 0;
  state_->cleaned = 0;
  return found;
}

std::optional<std::vector<LogStream>> Logs::streams(const std::string& account, const std::string& group,
                                                    std::string_view prefix) const {
  const std::lock_guard lock(state_->mutex);
  const auto id = group_id(state_->database, account, group);
  if (!id) return std::nullopt;
  std::vector<LogStream> streams;
  const std::string end = above(prefix);
  for (Rows rows = state_->database.query(
           "select name, created, last, id, oldest, next from streams where log_group = ? and name >= ? and name < ? "
           "order by name",
           *id, prefix, end);
       rows.next();) {
    LogStream stream{.name = rows.text(0), .created = rows.integer(1), .id = rows.integer(3)};
    if (rows.integer(4) < rows.integer(5)) {
      stream.last = rows.integer(2);
      stream.first = time_at(state_->database, stream.id, rows.integer(4));
    }
    streams.push_back(std::move(stream));
  }
  return streams;
}

std::optional<std::vector<LogEvent>> Logs::events(const std::string& account, const std::string& group,
                                                  const std::string& name, const Range& range) const {
  const std::lock_guard lock(state_->mutex);
  Database& database = state_->database;
  const auto stream = find_stream(database, account, group, name);
  if (!stream) return std::nullopt;
  std::int64_t first = std::max(stream->oldest, range.after + 1), end = std::min(stream->next, range.before);
  if (range.begin > 0) first = std::max(first, first_at(database, *stream, range.begin));
  if (range.end <= stream->last) end = std::min(end, first_at(database, *stream, range.end));
  std::vector<LogEvent> events;
  std::size_t bytes = 0;
  Rows rows = database.query(
      range.from_head ? "select id, time, message from events where stream = ? and id >= ? and id < ? order by id"
                      : "select id, time, message from events where stream = ? and id >= ? and id < ? order by id desc",
      stream->id, first, end);
  while (events.size() < range.most && rows.next()) {
    events.push_back({.time = rows.integer(1), .message = rows.text(2), .id = rows.integer(0)});
    bytes += events.back().message.size();
    if (bytes > range.most_bytes && events.size() > 1) {
      events.pop_back();
      break;
    }
  }
  if (!range.from_head) std::reverse(events.begin(), events.end());
  return events;
}

void Logs::erase(const std::string& account, const std::string& group, const std::optional<std::string>& stream) {
  const std::lock_guard lock(state_->mutex);
  Database& database = state_->database;
  Transaction transaction(database);
  if (const auto id = group_id(database, account, group)) {
    if (stream) {
      database.run("delete from streams where log_group = ? and name = ?", *id, *stream);
    } else {
      database.run("delete from groups where id = ?", *id);
    }
  }
  transaction.commit();
  Rows rows = database.query("select coalesce(sum(bytes), 0) from streams");
  if (rows.next()) state_->bytes = rows.integer(0);
}

void Logs::drop_old(std::int64_t now) {
  const std::lock_guard lock(state_->mutex);
  Transaction transaction(state_->database);
  state_->drop_old(now);
  transaction.commit();
}

}  // namespace graft
