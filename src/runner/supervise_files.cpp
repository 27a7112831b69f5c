#include "runner/supervise_files.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdlib>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

template <typename Value>
std::optional<Value> find_file(const fs::path& file) {
  std::error_code unknown;
  if (!fs::exists(file, unknown)) return {};
  return parse_json(read_text(file), file.string()).get<Value>();
}

}  // namespace

void to_json(Json& json, const Command& command) {
  json = {{"arguments", command.arguments}, {"environment", command.environment}, {"folder", command.folder.string()},
          {"cores", command.cores},         {"memory", command.memory},           {"deadline", command.deadline},
          {"runtime", command.runtime},     {"patience", command.patience},       {"after", command.after},
          {"inherited", command.inherited}, {"hidden", command.hidden.string()}};
}

void from_json(const Json& json, Command& command) {
  const auto read = [&](const char* name, auto& value) {
    value = field<std::remove_reference_t<decltype(value)>>(json, name, "command.json");
  };
  read("arguments", command.arguments);
  read("environment", command.environment);
  command.folder = field<std::string>(json, "folder", "command.json");
  read("cores", command.cores);
  read("memory", command.memory);
  read("deadline", command.deadline);
  read("patience", command.patience);
  read("after", command.after);
  read("inherited", command.inherited);
  // Not in what a graft before this one wrote for a node that is free only now.
  command.runtime = field_or(json, "runtime", command.runtime, "command.json");
  command.hidden = field_or(json, "hidden", std::string(), "command.json");
  require(!command.arguments.empty(), "command.json: there is no program");
}

void to_json(Json& json, const Started& started) {
  json = {{"supervisor", started.supervisor}, {"group", started.group}};
}

void from_json(const Json& json, Started& started) {
  started.supervisor = field<Json>(json, "supervisor", "started.json").get<ProcessId>();
  started.group = field<pid_t>(json, "group", "started.json");
}

void to_json(Json& json, const SupervisedEnd& end) {
  json = {{"lost", end.lost}, {"status", end.status},   {"timed_out", end.timed_out},
          {"told", end.told}, {"no_room", end.no_room}, {"time", end.time}};
}

void from_json(const Json& json, SupervisedEnd& end) {
  end.lost = field<bool>(json, "lost", "end.json");
  end.status = field<int>(json, "status", "end.json");
  end.timed_out = field<bool>(json, "timed_out", "end.json");
  end.told = field<bool>(json, "told", "end.json");
  // Not in what a graft before this one wrote, whose job has gone on.
  end.no_room = field_or(json, "no_room", false, "end.json");
  end.time = field<double>(json, "time", "end.json");
}

void write_command(const fs::path& folder, const Command& command) {
  make_folder(folder);
  write_file(folder / "command.json", Json(command).dump());
}

Command read_command(const fs::path& folder) {
  const std::optional<Command> command = find_file<Command>(folder / "command.json");
  require(command.has_value(), folder.string(), ": there is no command.json, which says what is to be run");
  return *command;
}

std::optional<Started> find_started(const fs::path& folder) {
  return find_file<Started>(folder / "started.json");
}

std::optional<SupervisedEnd> find_end(const fs::path& folder) {
  return find_file<SupervisedEnd>(folder / "end.json");
}

int try_lock(const fs::path& folder) {
  const int fd = ::open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) fail(Kind::unavailable, "cannot open ", (folder / "lock").string(), ": ", system_message());
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
  ::close(fd);
  return -1;
}

bool settle(const fs::path& folder) {
  if (find_end(folder)) return true;
  const Descriptor lock(try_lock(folder));
  if (lock.fd < 0) return false;
  if (!find_end(folder)) {
    const double now = static_cast<double>(::time(nullptr));
    write_file(folder / "end.json", Json(SupervisedEnd{.lost = true, .time = now}).dump());
  }
  return true;
}

// Whoever it started may have left its group, and has its lock.
void kill_holders(const fs::path& lock) {
  std::error_code gone;  // processes come and go meanwhile
  for (const auto& process : fs::directory_iterator("/proc", gone)) {
    const std::string name = process.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos || name == std::to_string(::getpid())) continue;
    for (const auto& open : fs::directory_iterator(process.path() / "fd", gone)) {
      if (fs::read_symlink(open.path(), gone) == lock) ::kill(std::atoi(name.c_str()), SIGKILL);
    }
  }
}

void kill_remains(const fs::path& folder) {
  const std::optional<Started> started = find_started(folder);
  if (!started || started->group <= 1 || started->supervisor.boot != boot_id()) return;
  const Descriptor supervisor(open_process(started->supervisor));
  // The lock is held by somebody, so the group is still this one's, if it is there.
  if (supervisor.fd >= 0) return;
  ::kill(-started->group, SIGKILL);
  kill_holders(fs::canonical(folder / "lock"));
}

}  // namespace graft
