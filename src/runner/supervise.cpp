#include "runner/supervise.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>

#include "base/confinement.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "runner/supervise_files.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

constexpr int kNotStarted = 75;  // EX_TEMPFAIL: another one has it, or it has ended
constexpr int kCannotRun = 127;
constexpr int kTries = 60;
constexpr std::uintmax_t kLittleRoom = 1 << 20;
// After SIGINT: another instance has failed, and this one has nothing left to do.
constexpr double kShortPatience = 10;

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

double deadline_of(const Command& command) {
  return command.runtime > 0 ? now() + command.runtime : command.deadline;
}

// Behind the fork: only calls that are safe there.
struct Program {
  explicit Program(const Command& command) : words(command.arguments), folder(command.folder.string()) {
    for (const auto& [name, value] : command.environment) variables.push_back(text(name, "=", value));
    for (const std::string& name : command.inherited) {
      if (const char* value = std::getenv(name.c_str())) variables.push_back(text(name, "=", value));
    }
    CPU_ZERO(&cores);
    for (int core : command.cores) {
      if (core >= 0 && core < CPU_SETSIZE) CPU_SET(core, &cores);
    }
    memory = command.memory;
    if (!command.hidden.empty()) {
      // The programs may have been put beside the data, and even within.
      const fs::path program = words.front();
      confinement.emplace(command.hidden, std::vector{command.folder, program, program.parent_path() / "graft-learn"});
    }
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    for (std::string& variable : variables) envp.push_back(variable.data());
    envp.push_back(nullptr);
  }

  // Begins when there is something to read from `gate`.
  [[noreturn]] void become(pid_t parent, int gate, int log) const {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(kCannotRun);
    char open = 0;
    if (::read(gate, &open, 1) != 1) ::_exit(kCannotRun);
    const int none = ::open("/dev/null", O_RDONLY);
    ::dup2(none, 0);
    ::dup2(log, 1);
    ::dup2(log, 2);
    if (CPU_COUNT(&cores) > 0) (void)::sched_setaffinity(0, sizeof cores, &cores);
    if (memory > 0) {
      const rlimit limit{memory, memory};
      (void)::setrlimit(RLIMIT_DATA, &limit);
    }
    sigset_t nothing;
    ::sigemptyset(&nothing);
    ::sigprocmask(SIG_SETMASK, &nothing, nullptr);
    if (::chdir(folder.c_str()) != 0) say("cannot enter the folder of ");
    if (confinement && !confinement->enter()) say("the kernel does not confine ");
    ::execve(argv.front(), argv.data(), envp.data());
    say("cannot start ");
  }

  [[noreturn]] void say(const char* what) const {
    for (const char* part : {"error: ", what, static_cast<const char*>(argv.front()), "\n"}) {
      (void)!::write(2, part, std::strlen(part));
    }
    ::_exit(kCannotRun);
  }

  std::vector<std::string> words, variables{};
  std::string folder;
  std::vector<char*> argv{}, envp{};
  cpu_set_t cores;
  std::uint64_t memory = 0;
  std::optional<Confinement> confinement{};
};

class Supervisor {
 public:
  Supervisor(const fs::path& folder, int lock) : folder_(folder), command_(read_command(folder)), lock_(lock) {
    sigset_t wanted;
    ::sigemptyset(&wanted);
    for (int number : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&wanted, number);
    ::sigprocmask(SIG_BLOCK, &wanted, nullptr);
    signals_.fd = ::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    // What the program leaves behind becomes a child of this process, and is found at its end.
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  }

  int run() {
    start();
    wait();
    // As the program left it: who has seen it go may make room.
    std::error_code unknown;
    const bool full = fs::space(folder_, unknown).available < kLittleRoom && !unknown;
    int status = 0;
    require(::waitpid(child_, &status, 0) == child_, "cannot learn how the program ended: ", system_message());
    end_descendants();
    if (!command_.after.empty()) run_after();
    SupervisedEnd end{.timed_out = timed_out_, .told = told_, .no_room = full && status != 0, .time = now()};
    end.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    write_end(end);
    return 0;
  }

 private:
  void start() {
    const Descriptor log(::open((folder_ / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (log.fd < 0) fail(Kind::unavailable, "cannot write ", (folder_ / "log").string(), ": ", system_message());
    std::array<int, 2> gate{-1, -1};
    require(::pipe2(gate.data(), O_CLOEXEC) == 0, "cannot make a pipe: ", system_message());
    const Descriptor entrance(gate[0]), exit(gate[1]);
    const Program program(command_);
    const pid_t parent = ::getpid();
    ::fcntl(lock_, F_SETFD, 0);
    child_ = ::fork();
    if (child_ == 0) {
      ::close(exit.fd);
      program.become(parent, entrance.fd, log.fd);
    }
    ::fcntl(lock_, F_SETFD, FD_CLOEXEC);
    if (child_ < 0) fail(Kind::unavailable, "cannot start ", command_.arguments.front(), ": ", system_message());
    ::setpgid(child_, child_);
    // On disk before the program does anything: whoever finds the lock held knows what to end.
    write_file(folder_ / "started.json", Json(Started{this_process(), child_}).dump());
    require(::write(exit.fd, "", 1) == 1, "cannot start ", command_.arguments.front(), ": ", system_message());
  }

  // On a full disk there may be room soon, and nobody else knows how the program ended.
  void write_end(const SupervisedEnd& end) const {
    for (int tries = 1;; ++tries) {
      try {
        return write_file(folder_ / "end.json", Json(end).dump());
      } catch (const Error&) {
        if (tries == kTries) throw;
      }
      ::sleep(1);
    }
  }

  // Until the program has ended; it is on the list of processes still.
  void wait() {
    const Descriptor ended(static_cast<int>(::syscall(SYS_pidfd_open, child_, 0)));
    for (;;) {
      std::array<pollfd, 2> wanted{pollfd{ended.fd, POLLIN, 0}, pollfd{signals_.fd, POLLIN, 0}};
      ::poll(wanted.data(), wanted.size(), wait_time());
      if (wanted[1].revents) read_signal();
      if (!stop_ && deadline_ > 0 && now() >= deadline_) {
        timed_out_ = true;
        stop(command_.patience);
      }
      if (stop_ && now() >= *stop_) ::kill(-child_, SIGKILL);
      siginfo_t gone{};
      if (::waitid(P_PID, static_cast<id_t>(child_), &gone, WEXITED | WNOHANG | WNOWAIT) == 0 && gone.si_pid != 0)
        return;
      collect_others();
    }
  }

  // Milliseconds until there is something to do without being woken.
  int wait_time() const {
    if (!stop_ && deadline_ == 0) return -1;
    const double left = (stop_ ? *stop_ : deadline_) - now();
    // Where the program does not go at SIGKILL, it is asked again each second.
    return static_cast<int>(std::clamp(std::ceil(left * 1000), left > 0 ? 1.0 : 1000.0, 3'600'000.0));
  }

  void read_signal() {
    signalfd_siginfo info{};
    while (::read(signals_.fd, &info, sizeof info) == sizeof info) {
      told_ = told_ || info.ssi_signo != SIGINT;
      stop(info.ssi_signo == SIGINT ? kShortPatience : command_.patience);
    }
  }

  // As containers are stopped: the first process is told, all are killed.
  void stop(double patience) {
    const double end = now() + patience;
    if (!stop_) ::kill(child_, SIGTERM);
    stop_ = stop_ ? std::min(*stop_, end) : end;
  }

  void collect_others() const {
    for (const pid_t other : children()) {
      if (other != child_) (void)::waitpid(other, nullptr, WNOHANG);
    }
  }

  static std::vector<pid_t> children() {
    std::ifstream file(text("/proc/self/task/", ::getpid(), "/children"));
    std::vector<pid_t> all;
    for (pid_t each = 0; file >> each;) all.push_back(each);
    return all;
  }

  // The program has ended: nobody else is to go on in its name.
  void end_descendants() const {
    ::kill(-child_, SIGKILL);
    for (std::vector<pid_t> left = children(); !left.empty(); left = children()) {
      for (const pid_t each : left) {
        ::kill(each, SIGKILL);
        (void)::waitpid(each, nullptr, 0);
      }
    }
  }

  void run_after() const {
    try {
      run_command(command_.after);
    } catch (const std::exception& error) {
      std::cerr << error.what() << '\n';
    }
  }

  const fs::path folder_;
  const Command command_;
  const int lock_;
  Descriptor signals_{-1};
  pid_t child_ = 0;
  std::optional<double> stop_{};                   // when it is killed
  const double deadline_ = deadline_of(command_);  // 0: none
  bool timed_out_ = false, told_ = false;
};

// srun starts one of these for each instance, with the folder of all.
fs::path own_folder(const fs::path& folder) {
  const char* task = std::getenv("SLURM_PROCID");
  if (!task || fs::exists(folder / "command.json")) return folder;
  return folder / text("algo-", std::atoi(task) + 1);
}

}  // namespace

int supervise(const fs::path& given) {
  try {
    const fs::path folder = own_folder(given);
    const Descriptor lock(try_lock(folder));
    if (lock.fd < 0 || find_end(folder) || find_started(folder)) return kNotStarted;
    return Supervisor(folder, lock.fd).run();
  } catch (const std::exception& error) {
    std::cerr << "error: " << error.what() << '\n';
    return 1;
  }
}

}  // namespace graft
