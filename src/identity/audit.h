// The log of who did what: lines of JSON at the end of a file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>

#include "identity/caller.h"

namespace graft {

struct AuditEvent {
  std::int64_t time = 0;  // seconds since 1970
  Caller caller{};
  std::string client{};     // its address
  std::string operation{};  // "PutObject"
  std::string resource{};   // "bucket/key"
  int status = 0;
  std::string code{};  // of a refusal
};

// One line, without its end. What clients wrote is escaped, and cut off where it is long.
std::string audit_line(const AuditEvent& event);

// Appends to audit.jsonl in the folder, which only its owner can read. A file of 256 MB gets the time into its name and
// another one is begun. Lines may be lost with the power, not with the process. Thread-safe.
class AuditLog {
 public:
  explicit AuditLog(const std::filesystem::path& folder);
  ~AuditLog();
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;

  // What cannot be written is said in the program's own log, once.
  void write(const AuditEvent& event);

 private:
  void open();
  std::filesystem::path file_;
  std::mutex mutex_;
  int fd_ = -1;             // guarded by mutex_
  std::uint64_t size_ = 0;  // guarded by mutex_
  bool said_ = false;       // guarded by mutex_
};

}  // namespace graft
