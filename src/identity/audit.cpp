#include "identity/audit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "identity/time_text.h"

namespace graft {
namespace {

constexpr std::uint64_t kMostBytes = 256 << 20;
constexpr std::size_t kMostWord = 2048;

}  // namespace

std::string audit_line(const AuditEvent& event) {
  OrderedJson line;
  line["time"] = readable_time(event.time);
  line["account"] = event.caller.account.empty() ? "anonymous" : event.caller.account;
  if (!event.caller.user.empty()) line["user"] = event.caller.user;
  if (!event.caller.access_key.empty()) line["access_key"] = event.caller.access_key;
  line["client"] = event.client;
  if (!event.caller.service.empty()) line["service"] = event.caller.service;
  line["operation"] = event.operation.substr(0, kMostWord);
  line["resource"] = event.resource.substr(0, kMostWord);
  line["status"] = event.status;
  if (!event.code.empty()) line["code"] = event.code;
  return line.dump(-1, ' ', true, OrderedJson::error_handler_t::replace);
}

AuditLog::AuditLog(const std::filesystem::path& folder) : file_(folder / "audit.jsonl") {
  open();
}

AuditLog::~AuditLog() {
  if (fd_ >= 0) ::close(fd_);
}

void AuditLog::open() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = ::open(file_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (fd_ < 0) fail(Kind::unavailable, file_.string(), ": ", system_message());
  struct stat state {};
  size_ = ::fstat(fd_, &state) == 0 ? static_cast<std::uint64_t>(state.st_size) : 0;
}

void AuditLog::write(const AuditEvent& event) {
  const std::string line = audit_line(event) + '\n';
  const std::lock_guard lock(mutex_);
  try {
    if (size_ > kMostBytes) {
      std::filesystem::rename(file_, file_.parent_path() / ("audit-" + compact_time(event.time) + ".jsonl"));
      open();
    }
    // At once, so that lines of two processes do not mix.
    if (::write(fd_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
      fail(Kind::unavailable, file_.string(), ": ", system_message());
    }
    size_ += line.size();
    said_ = false;
  } catch (const std::exception& error) {
    if (!said_) spdlog::error("the audit log cannot be written: {}", error.what());
    said_ = true;
  }
}

}  // namespace graft
