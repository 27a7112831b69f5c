#include "hosting/child_process.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <string_view>
#include <utility>

#include "base/confinement.h"
#include "base/error.h"

namespace graft {
namespace {

constexpr std::size_t kMostOfALine = 64 << 10;
constexpr unsigned kFirstOwn = 3;

// What the child needs, laid out before the fork: behind it only calls that are safe there.
struct Arguments {
  explicit Arguments(const Program& program) : words(program.command) {
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    for (const auto& [name, value] : program.environment) variables.push_back(text(name, "=", value));
    for (std::string& variable : variables) envp.push_back(variable.data());
    envp.push_back(nullptr);
    CPU_ZERO(&cores);
    for (const int core : program.cores) CPU_SET(static_cast<std::size_t>(core), &cores);
    limited = !program.cores.empty();
    if (!program.hidden.empty()) confinement.emplace(program.hidden, program.shown);
  }
  std::vector<std::string> words, variables{};
  std::vector<char*> argv{}, envp{};
  cpu_set_t cores{};
  bool limited = false;
  std::optional<Confinement> confinement{};
};

[[noreturn]] void give_up(std::string_view why) {
  [[maybe_unused]] const ssize_t said = ::write(STDERR_FILENO, why.data(), why.size());
  ::_exit(127);
}

[[noreturn]] void become(const Arguments& arguments, pid_t parent, int input, int output) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  // A group of its own: a terminal's Ctrl-C is for the platform, which then asks it to stop.
  ::setpgid(0, 0);
  ::dup2(input, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  // While its rules, which are a descriptor, are still open.
  if (arguments.confinement && !arguments.confinement->enter()) {
    give_up("error: the kernel does not confine the program\n");
  }
  // Sockets of clients, which nobody else could close.
  if (::close_range(kFirstOwn, ~0U, 0) != 0) {
    for (int i = kFirstOwn; i < 4096; ++i) ::close(i);
  }
  if (arguments.limited) ::sched_setaffinity(0, sizeof arguments.cores, &arguments.cores);
  ::signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execve(arguments.argv.front(), arguments.argv.data(), arguments.envp.data());
  give_up("error: the program cannot be started\n");
}

}  // namespace

ChildProcess::ChildProcess(const Program& program) : output_(-1), ended_(-1) {
  const Arguments arguments(program);
  std::array<int, 2> ends{-1, -1};
  require(::pipe2(ends.data(), O_CLOEXEC) == 0, "cannot make a pipe: ", system_message());
  output_.fd = ends[0];
  const Descriptor writing(ends[1]), nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  ::fcntl(output_.fd, F_SETFL, O_NONBLOCK);
  const pid_t parent = ::getpid();
  id_ = ::fork();
  if (id_ < 0) fail(Kind::unavailable, "cannot start ", program.command.front(), ": ", system_message());
  if (id_ == 0) become(arguments, parent, nothing.fd, writing.fd);
  // By both, so that it is done whoever comes first.
  ::setpgid(id_, id_);
  // The C library's header gives its own function of this name to C alone.
  ended_.fd = static_cast<int>(::syscall(SYS_pidfd_open, id_, 0));
  if (ended_.fd >= 0) return;
  const std::string why = system_message();
  signal(SIGKILL);
  wait();
  fail(Kind::unavailable, "cannot watch ", program.command.front(), ": ", why);
}

ChildProcess::~ChildProcess() {
  signal(SIGKILL);
  wait();
}

bool ChildProcess::read_lines(const std::function<void(std::string)>& each) {
  std::array<char, 1 << 14> piece;
  bool open = true;
  for (;;) {
    const ssize_t count = ::read(output_.fd, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    open = count > 0 || (count < 0 && errno == EAGAIN);
    if (count <= 0) break;
    pending_.append(piece.data(), static_cast<std::size_t>(count));
    for (std::size_t end; (end = pending_.find('\n')) != std::string::npos || pending_.size() > kMostOfALine;) {
      const std::size_t length = std::min(end, kMostOfALine);
      each(pending_.substr(0, length));
      pending_.erase(0, length + (length == end ? 1 : 0));
    }
  }
  if (!pending_.empty() && (!open || status_ >= 0)) each(std::exchange(pending_, {}));
  return open;
}

void ChildProcess::signal(int number) const {
  if (status_ < 0) ::kill(-id_, number);
}

int ChildProcess::wait() {
  if (status_ >= 0) return status_;
  siginfo_t seen{};
  while (::waitid(P_PID, static_cast<id_t>(id_), &seen, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
  }
  // What it started and left behind, while its number is still nobody else's.
  ::kill(-id_, SIGKILL);
  int status = 0;
  while (::waitpid(id_, &status, 0) < 0 && errno == EINTR) {
  }
  status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return status_;
}

}  // namespace graft
