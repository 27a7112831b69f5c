// SQLite (sqlite.org), with errors that name the file.
//
//   Database state(folder / "state.db");
//   state.run("create table if not exists users (name text primary key, age integer)");
//   state.run("insert into users values (?, ?)", name, age);
//   for (Rows rows = state.query("select name from users where age > ?", 30); rows.next();) say(rows.text(0));
//
// What a transaction has committed is on disk: the log is written ahead (WAL) and synced at each commit. A database is
// one connection, for one thread at a time; several connections to a file may be open at once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/bytes.h"

struct sqlite3;
struct sqlite3_stmt;

namespace graft {

// A value of a statement's "?": a view of what the caller has.
class Parameter {
 public:
  enum class Type { null, integer, real, text, bytes };
  Parameter(std::nullptr_t) {}
  template <typename Number>
  requires std::is_integral_v<Number> Parameter(Number value)
      : type_(Type::integer), integer_(static_cast<std::int64_t>(value)) {}
  Parameter(double value) : type_(Type::real), real_(value) {}
  Parameter(std::string_view value) : type_(Type::text), data_(value.data()), size_(value.size()) {}
  Parameter(const std::string& value) : Parameter(std::string_view(value)) {}
  Parameter(const char* value) : Parameter(std::string_view(value)) {}
  Parameter(ByteView value) : type_(Type::bytes), data_(value.data()), size_(value.size()) {}
  template <typename Value>
  Parameter(const std::optional<Value>& value) : Parameter(value ? Parameter(*value) : Parameter(nullptr)) {}

  // Returns SQLite's result code. Without a copy, what it refers to must outlive the statement's run.
  int bind(sqlite3_stmt* statement, int index, bool copy) const;

 private:
  Type type_ = Type::null;
  std::int64_t integer_ = 0;
  double real_ = 0;
  const void* data_ = nullptr;
  std::size_t size_ = 0;
};

class Database;

// What a query answers, row by row. Columns count from 0. It must end before its database does.
class Rows {
 public:
  Rows(Rows&& other) noexcept;
  Rows& operator=(Rows&&) = delete;
  ~Rows();

  // Goes to the next row, at first to the first. False after the last.
  bool next();

  // Of the row it is at. Views are good until next() and in no case longer than the Rows.
  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const;
  ByteView bytes(int column) const;

 private:
  friend class Database;
  Rows(Database& database, sqlite3_stmt* statement) : database_(&database), statement_(statement) {}
  Database* database_;
  sqlite3_stmt* statement_;
};

class Database {
 public:
  // Opens or makes the file. Throws Kind::unavailable where it cannot be opened or is no database.
  explicit Database(const std::filesystem::path& file);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Statements without parameters, separated by semicolons.
  void script(const char* statements);

  // One statement. Throws Kind::conflict where a constraint of a table forbids it, Kind::unavailable for what else
  // prevents it, with the code "StorageFull" where the disk is full. Statements are compiled once and kept, so `sql` is
  // to be a literal.
  template <typename... Values>
  void run(std::string_view sql, const Values&... values) {
    const Parameter parameters[] = {nullptr, Parameter(values)...};
    Rows rows = start(sql, {parameters + 1, sizeof...(Values)}, false);
    while (rows.next()) {
    }
  }
  template <typename... Values>
  Rows query(std::string_view sql, const Values&... values) {
    const Parameter parameters[] = {nullptr, Parameter(values)...};
    return start(sql, {parameters + 1, sizeof...(Values)}, true);
  }

  // Rows that the last run() changed.
  std::int64_t changed() const;
  // SQLite itself undoes a transaction that a full or broken disk interrupts.
  bool in_transaction() const;

 private:
  friend class Rows;
  Rows start(std::string_view sql, std::span<const Parameter> parameters, bool copy);
  [[noreturn]] void failed(std::string_view doing) const;

  struct State;
  std::unique_ptr<State> state_;
};

// All or nothing: what is not committed is undone on destruction. Writers wait for each other.
class Transaction {
 public:
  explicit Transaction(Database& database) : database_(database) { database_.run("begin immediate"); }
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  // On disk when it returns.
  void commit();

 private:
  Database& database_;
  bool open_ = true;
};

}  // namespace graft
