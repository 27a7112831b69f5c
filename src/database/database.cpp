#include "database/database.h"

#include <sqlite3.h>

#include <cerrno>
#include <map>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/log.h"

namespace graft {
namespace {

// How long one writer waits for another.
constexpr int kPatienceMilliseconds = 30'000;

}  // namespace

struct Database::State {
  std::filesystem::path file;
  sqlite3* connection = nullptr;
  // Compiled statements that nobody uses now.
  std::map<std::string, std::vector<sqlite3_stmt*>, std::less<>> idle{};
};

int Parameter::bind(sqlite3_stmt* statement, int index, bool copy) const {
  const auto keeping = copy ? SQLITE_TRANSIENT : SQLITE_STATIC;
  switch (type_) {
    case Type::null:
      return sqlite3_bind_null(statement, index);
    case Type::integer:
      return sqlite3_bind_int64(statement, index, integer_);
    case Type::real:
      return sqlite3_bind_double(statement, index, real_);
    case Type::text:
      return sqlite3_bind_text64(statement, index, size_ ? static_cast<const char*>(data_) : "", size_, keeping,
                                 SQLITE_UTF8);
    case Type::bytes:
      return size_ ? sqlite3_bind_blob64(statement, index, data_, size_, keeping)
                   : sqlite3_bind_zeroblob(statement, index, 0);
  }
  return SQLITE_MISUSE;
}

Rows::Rows(Rows&& other) noexcept : database_(other.database_), statement_(std::exchange(other.statement_, nullptr)) {}

Rows::~Rows() {
  if (!statement_) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
  // A statement that was compiled once has its place; finding it must not allocate.
  auto& idle = database_->state_->idle;
  const std::string_view sql = sqlite3_sql(statement_);
  const auto found = idle.find(sql);
  (found == idle.end() ? idle[std::string(sql)] : found->second).push_back(statement_);
}

bool Rows::next() {
  const int result = sqlite3_step(statement_);
  if (result == SQLITE_ROW) return true;
  if (result != SQLITE_DONE) database_->failed(sqlite3_sql(statement_));
  return false;
}

bool Rows::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::int64_t Rows::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

double Rows::real(int column) const {
  return sqlite3_column_double(statement_, column);
}

std::string Rows::text(int column) const {
  const auto* begin = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return begin ? std::string(begin, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))) : "";
}

ByteView Rows::bytes(int column) const {
  const auto* begin = static_cast<const std::byte*>(sqlite3_column_blob(statement_, column));
  return {begin, begin ? static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)) : 0};
}

Database::Database(const std::filesystem::path& file) : state_(new State{.file = file}) {
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  try {
    if (sqlite3_open_v2(file.c_str(), &state_->connection, flags, nullptr) != SQLITE_OK) failed("opening it");
    sqlite3_busy_timeout(state_->connection, kPatienceMilliseconds);
    script("pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on;");
  } catch (...) {
    sqlite3_close(state_->connection);
    throw;
  }
}

Database::~Database() {
  for (const auto& [sql, statements] : state_->idle) {
    for (sqlite3_stmt* statement : statements) sqlite3_finalize(statement);
  }
  sqlite3_close(state_->connection);
}

void Database::script(const char* statements) {
  if (sqlite3_exec(state_->connection, statements, nullptr, nullptr, nullptr) != SQLITE_OK) failed(statements);
}

Rows Database::start(std::string_view sql, std::span<const Parameter> parameters, bool copy) {
  sqlite3_stmt* statement = nullptr;
  if (const auto found = state_->idle.find(sql); found != state_->idle.end() && !found->second.empty()) {
    statement = found->second.back();
    found->second.pop_back();
  } else if (sqlite3_prepare_v3(state_->connection, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                &statement, nullptr) != SQLITE_OK) {
    failed(sql);
  }
  Rows rows(*this, statement);
  int index = 0;
  for (const Parameter& parameter : parameters) {
    if (parameter.bind(statement, ++index, copy) != SQLITE_OK) failed(sql);
  }
  return rows;
}

std::int64_t Database::changed() const {
  return sqlite3_changes64(state_->connection);
}

bool Database::in_transaction() const {
  return sqlite3_get_autocommit(state_->connection) == 0;
}

void Database::failed(std::string_view doing) const {
  const int code = state_->connection ? sqlite3_errcode(state_->connection) : SQLITE_NOMEM;
  const bool full = code == SQLITE_FULL || (code == SQLITE_IOERR && sqlite3_system_errno(state_->connection) == ENOSPC);
  if (full)
    throw Error(Kind::unavailable, "StorageFull",
                text("the disk is full: free some space for ", state_->file.filename().string()));
  const Kind kind = code == SQLITE_CONSTRAINT                                               ? Kind::conflict
                    : code == SQLITE_ERROR || code == SQLITE_MISUSE || code == SQLITE_RANGE ? Kind::internal
                                                                                            : Kind::unavailable;
  const char* reason = state_->connection ? sqlite3_errmsg(state_->connection) : "out of memory";
  throw Error(kind, "", text(state_->file.string(), ": ", reason, " (", doing.substr(0, 200), ")"));
}

Transaction::~Transaction() {
  if (!open_) return;
  try {
    database_.run("rollback");
  } catch (const std::exception& error) {
    // SQLite undoes by itself what a full disk interrupts.
    spdlog::debug("{}", error.what());
  }
}

void Transaction::commit() {
  database_.run("commit");
  open_ = false;
}

}  // namespace graft
