#include "runner/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxOutput = 1 << 20;
// For what was killed to be gone.
constexpr auto kGone = std::chrono::seconds(10);

// Field 22 of /proc/PID/stat; the second one is a name in brackets, which may hold anything. Empty: there is none.
std::string start_of(pid_t pid) {
  const Descriptor file(::open(text("/proc/", pid, "/stat").c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 4096> content{};
  const ssize_t size = file.fd < 0 ? -1 : ::read(file.fd, content.data(), content.size());
  if (size <= 0) return {};
  const std::string_view stat(content.data(), static_cast<std::size_t>(size));
  std::istringstream fields{std::string(stat.substr(stat.rfind(')') + 1))};
  std::string field;
  for (int i = 3; i <= 22; ++i) {
    fields >> field;
    if (i == 3 && field == "Z") return {};  // ended, and not waited for
  }
  return field;
}

struct SpawnActions {
  SpawnActions() { ::posix_spawn_file_actions_init(&value); }
  ~SpawnActions() { ::posix_spawn_file_actions_destroy(&value); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  posix_spawn_file_actions_t value;
};

struct SpawnAttributes {
  SpawnAttributes() {
    ::posix_spawnattr_init(&value);
    sigset_t none, all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&value, &none);
    ::posix_spawnattr_setsigdefault(&value, &all);
    ::posix_spawnattr_setflags(&value, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
  }
  ~SpawnAttributes() { ::posix_spawnattr_destroy(&value); }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;
  posix_spawnattr_t value;
};

pid_t spawn(std::vector<std::string> command, SpawnActions& actions) {
  std::vector<char*> argv;
  for (std::string& word : command) argv.push_back(word.data());
  argv.push_back(nullptr);
  SpawnAttributes attributes;
  pid_t pid = 0;
  const int error = ::posix_spawnp(&pid, argv.front(), &actions.value, &attributes.value, argv.data(), ::environ);
  errno = error;
  if (error != 0) fail(Kind::unavailable, "cannot start ", command.front(), ": ", system_message());
  return pid;
}

using Clock = std::chrono::steady_clock;

// Whether there is something to read, or an end, until then.
bool wait_for(int fd, Clock::time_point until) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    pollfd wanted{fd, POLLIN, 0};
    const int ready = ::poll(&wanted, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

// False where its end has not come until then.
bool read_to_end(int fd, Clock::time_point until, std::string& output) {
  std::array<char, 4096> piece;
  while (wait_for(fd, until)) {
    const ssize_t count = ::read(fd, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return true;
    if (output.size() < kMaxOutput) output.append(piece.data(), static_cast<std::size_t>(count));
  }
  return false;
}

}  // namespace

void to_json(Json& json, const ProcessId& id) {
  json = {{"pid", id.pid}, {"start", id.start}, {"boot", id.boot}};
}

void from_json(const Json& json, ProcessId& id) {
  id.pid = field<pid_t>(json, "pid", "a job's process");
  id.start = field<std::string>(json, "start", "a job's process");
  id.boot = field<std::string>(json, "boot", "a job's process");
}

std::string boot_id() {
  static const std::string id = [] {
    const Descriptor file(::open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC));
    std::array<char, 36> content{};
    const ssize_t size = file.fd < 0 ? -1 : ::read(file.fd, content.data(), content.size());
    return std::string(content.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  }();
  return id;
}

ProcessId this_process() {
  return {::getpid(), start_of(::getpid()), boot_id()};
}

int open_process(const ProcessId& id) {
  if (id.pid <= 0 || id.boot != boot_id()) return -1;
  const int fd = static_cast<int>(::syscall(SYS_pidfd_open, id.pid, 0));
  // Looked at while it is held, so that it is the same one.
  if (fd >= 0 && start_of(id.pid) == id.start) return fd;
  if (fd >= 0) ::close(fd);
  return -1;
}

pid_t start_detached(const std::vector<std::string>& command, const std::string& log) {
  SpawnActions actions;
  ::posix_spawn_file_actions_addopen(&actions.value, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions.value, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::posix_spawn_file_actions_adddup2(&actions.value, 1, 2);
  // Listening sockets above all: the port would be taken for as long as the job runs.
  ::posix_spawn_file_actions_addclosefrom_np(&actions.value, 3);
  return spawn(command, actions);
}

std::string run_command(const std::vector<std::string>& command, std::chrono::milliseconds most) {
  std::array<int, 2> ends{-1, -1};
  require(::pipe2(ends.data(), O_CLOEXEC) == 0, "cannot make a pipe: ", system_message());
  const Descriptor reading(ends[0]);
  pid_t pid = 0;
  {
    const Descriptor writing(ends[1]);
    SpawnActions actions;
    ::posix_spawn_file_actions_addopen(&actions.value, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions.value, writing.fd, 1);
    ::posix_spawn_file_actions_adddup2(&actions.value, writing.fd, 2);
    ::posix_spawn_file_actions_addclosefrom_np(&actions.value, 3);
    pid = spawn(command, actions);
  }
  const Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  const auto until = Clock::now() + most;
  const std::string words = join(command, " ").substr(0, 200);
  std::string output;
  const bool ended = read_to_end(reading.fd, until, output) && wait_for(process.fd, until);
  if (!ended) ::kill(-pid, SIGKILL);
  int status = 0;
  // What waits for a disk that is gone does not go even when it is killed.
  if (wait_for(process.fd, Clock::now() + kGone)) {
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
  }
  if (!ended) fail(Kind::unavailable, words, " took too long, and was killed");
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    fail(Kind::unavailable, words, " failed: ", output.substr(0, 1000));
  }
  return output;
}

}  // namespace graft
