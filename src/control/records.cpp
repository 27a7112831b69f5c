// A page's token says where the page ended: the value it is sorted by, and the name, which tells equal ones apart. The
// next page begins behind these two, whatever was made or erased meanwhile.
#include "control/records.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/file.h"

namespace graft {
namespace {

constexpr const char* kColumns = "account, kind, name, parent, status, created, modified, document, inner";

std::filesystem::path made(const std::filesystem::path& folder) {
  make_folder(folder);
  return folder / "records.db";
}

// Times are kept as integers, so that a page's token compares exactly.
std::int64_t microseconds(double seconds) {
  return std::llround(std::clamp(seconds, -1e12, 1e12) * 1e6);
}

// Jobs' messages come from programs, which write what they like.
std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Record record_at(const Rows& rows) {
  return {.account = rows.text(0),
          .kind = rows.text(1),
          .name = rows.text(2),
          .parent = rows.text(3),
          .status = rows.text(4),
          .created = static_cast<double>(rows.integer(5)) / 1e6,
          .modified = static_cast<double>(rows.integer(6)) / 1e6,
          .document = Json::parse(rows.text(7)),
          .inner = Json::parse(rows.text(8))};
}

const char* column_of(RecordQuery::Order order) {
  switch (order) {
    case RecordQuery::Order::name:
      return "name";
    case RecordQuery::Order::created:
      return "created";
    case RecordQuery::Order::modified:
      return "modified";
    case RecordQuery::Order::status:
      return "status";
  }
  return "name";
}

// The end of a page. Times and texts are both kept as text in the token; SQLite turns a number's back by the cast.
struct Mark {
  std::string value{}, name{};
};

Mark mark_of(const Record& record, RecordQuery::Order order) {
  switch (order) {
    case RecordQuery::Order::name:
      return {record.name, record.name};
    case RecordQuery::Order::created:
      return {std::to_string(microseconds(record.created)), record.name};
    case RecordQuery::Order::modified:
      return {std::to_string(microseconds(record.modified)), record.name};
    case RecordQuery::Order::status:
      return {record.status, record.name};
  }
  return {};
}

std::string token_of(const Mark& mark) {
  return Json::array({mark.value, mark.name}).dump();
}

Mark mark_of(const std::string& token) {
  const Json json = Json::parse(token, nullptr, false);
  require(json.is_array() && json.size() == 2 && json[0].is_string() && json[1].is_string(),
          "the NextToken is none that a call before this one gave: leave it out to begin with the first page");
  return {json[0], json[1]};
}

std::optional<std::int64_t> time_parameter(const std::optional<double>& time) {
  if (!time) return {};
  return microseconds(*time);
}

std::string sql_of(const RecordQuery& query) {
  const std::string column = column_of(query.order);
  const bool number = query.order == RecordQuery::Order::created || query.order == RecordQuery::Order::modified;
  const std::string mark = number ? "cast(?10 as integer)" : "?10";
  return text("select ", kColumns,
              " from records where account = ?1 and kind = ?2"
              " and (?3 = '' or instr(name, ?3) > 0) and (?4 = '' or status = ?4) and (?5 = '' or parent = ?5)"
              " and (?6 is null or created >= ?6) and (?7 is null or created <= ?7)"
              " and (?8 is null or modified >= ?8) and (?9 is null or modified <= ?9)"
              " and (?11 = '' or (",
              column, ", name) ", query.descending ? "<" : ">", " (", mark, ", ?11)) order by ", column,
              query.descending ? " desc, name desc" : ", name", " limit ?12");
}

}  // namespace

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

Records::Records(const std::filesystem::path& folder) : database_(made(folder)) {
  database_.script(
      "create table if not exists records (account text, kind text, name text, parent text, status text,"
      " created integer, modified integer, document text, inner text, primary key (account, kind, name)) without rowid;"
      "create index if not exists by_creation on records (account, kind, created, name);"
      "create index if not exists by_status on records (kind, status);"
      "create index if not exists by_parent on records (account, kind, parent) where parent <> '';");
}

void Records::create(const Record& record) {
  const std::lock_guard lock(mutex_);
  database_.run("insert into records values (?, ?, ?, ?, ?, ?, ?, ?, ?)", record.account, record.kind, record.name,
                record.parent, record.status, microseconds(record.created), microseconds(record.modified),
                text_of(record.document), text_of(record.inner));
}

std::optional<Record> Records::find(const std::string& account, const std::string& kind,
                                    const std::string& name) const {
  const std::lock_guard lock(mutex_);
  return find_unlocked(account, kind, name);
}

std::optional<Record> Records::find_unlocked(const std::string& account, const std::string& kind,
                                             const std::string& name) const {
  Rows rows = database_.query(text("select ", kColumns, " from records where account = ? and kind = ? and name = ?"),
                              account, kind, name);
  if (!rows.next()) return {};
  return record_at(rows);
}

bool Records::update(const std::string& account, const std::string& kind, const std::string& name,
                     const std::function<void(Record&)>& change) {
  const std::lock_guard lock(mutex_);
  std::optional<Record> record = find_unlocked(account, kind, name);
  if (!record) return false;
  change(*record);
  database_.run(
      "update records set status = ?, modified = ?, document = ?, inner = ? where account = ? and kind = ? and name = "
      "?",
      record->status, microseconds(now()), text_of(record->document), text_of(record->inner), account, kind, name);
  return true;
}

bool Records::erase(const std::string& account, const std::string& kind, const std::string& name) {
  const std::lock_guard lock(mutex_);
  database_.run("delete from records where account = ? and kind = ? and name = ?", account, kind, name);
  return database_.changed() > 0;
}

RecordPage Records::list(const std::string& account, const std::string& kind, const RecordQuery& query) const {
  const Mark mark = query.token.empty() ? Mark{} : mark_of(query.token);
  const auto created_after = time_parameter(query.created_after), created_before = time_parameter(query.created_before);
  const auto modified_after = time_parameter(query.modified_after),
             modified_before = time_parameter(query.modified_before);
  const std::lock_guard lock(mutex_);
  // One more than asked for says whether there is another page.
  Rows rows =
      database_.query(sql_of(query), account, kind, query.name_contains, query.status, query.parent, created_after,
                      created_before, modified_after, modified_before, mark.value, mark.name, query.most + 1);
  RecordPage page;
  while (rows.next()) {
    if (page.records.size() == query.most) {
      page.token = token_of(mark_of(page.records.back(), query.order));
      break;
    }
    page.records.push_back(record_at(rows));
  }
  return page;
}

std::vector<Record> Records::in_status(const std::string& kind, const std::string& status) const {
  const std::lock_guard lock(mutex_);
  Rows rows = database_.query(
      text("select ", kColumns, " from records where kind = ? and status = ? order by created, account, name"), kind,
      status);
  std::vector<Record> records;
  while (rows.next()) records.push_back(record_at(rows));
  return records;
}

}  // namespace graft
