// The index of the store: an SQLite database with one connection that writes and some that read.
//
// All writers share commits: a thread takes all changes that wait into one transaction, so that many small objects cost
// one sync of the disk together. Readers do not wait for writers.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "database/database.h"

namespace graft::s3 {

class Index {
 public:
  explicit Index(const std::filesystem::path& file);
  ~Index();
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;

  // Runs `change` in a transaction, on another thread; on disk when it returns. When it throws, nothing of it is done
  // and this throws the same. It may be run more than once until it is done. Thread-safe.
  void write(const std::function<void(Database&)>& change);

  // A connection to read from, back in the pool when the handle goes. Thread-safe; the connection is not.
  using Reader = std::unique_ptr<Database, std::function<void(Database*)>>;
  Reader read();

  // Bytes that deleted rows have left in the file, for others to use.
  std::uint64_t free_bytes();
  // Of the log, whose pages may still need as much room in the file; and copies them there, which leaves the log empty
  // where nobody reads meanwhile.
  std::uint64_t log_bytes() const;
  void fold_log();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace graft::s3
