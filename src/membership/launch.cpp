#include "membership/launch.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <random>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "membership/coordinator.h"

namespace graft {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kLook = std::chrono::milliseconds(50);
// From a job's end to when a rank that has not ended by itself is killed: time to hear of it and to say so.
constexpr auto kPatience = std::chrono::seconds(3);
constexpr auto kBeforeRestart = std::chrono::seconds(1);
constexpr int kMostRestarts = 3;  // of one rank: what dies each time is not cured by another start

volatile std::sig_atomic_t stopped_by = 0;
volatile std::sig_atomic_t asked_to_finish = 0;  // by SIGUSR1: the ranks end training and keep the best until then

extern "C" void remember_signal(int number) {
  if (number == SIGUSR1) {
    asked_to_finish = 1;
  } else {
    stopped_by = number;
  }
}

std::string random_token() {
  std::random_device device;
  return text(std::hex, device(), device(), device(), device());
}

// The cores of this process, in equal shares; one each, in turn, where there are more ranks: teams of threads that
// share cores mostly wait for one another.
cpu_set_t cores_of(int rank, int ranks) {
  cpu_set_t all;
  CPU_ZERO(&all);
  ::sched_getaffinity(0, sizeof all, &all);
  const int count = CPU_COUNT(&all);
  cpu_set_t share;
  CPU_ZERO(&share);
  int number = 0;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (!CPU_ISSET(core, &all)) continue;
    const bool mine = count < ranks ? number == rank % count : number * ranks / count == rank;
    if (mine) CPU_SET(core, &share);
    ++number;
  }
  return share;
}

struct Rank {
  pid_t process = 0;  // 0: none runs
  bool done = false;
  int restarts = 0;
  Clock::time_point died{};
};

class Launch {
 public:
  Launch(const LaunchOptions& options, const std::vector<std::string>& arguments)
      : options_(options),
        arguments_(arguments),
        token_(random_token()),
        coordinator_({.address = "127.0.0.1",
                      .port = 0,
                      .ranks = options.ranks,
                      .least = options.least,
                      .token = token_,
                      .timing = {}}),
        ranks_(static_cast<std::size_t>(options.ranks)) {}

  int run() {
    make_folder(options_.logs);
    for (int rank = 0; rank < options_.ranks; ++rank) start(rank);
    while (!finished()) {
      look();
      std::this_thread::sleep_for(kLook);
    }
    const std::string reason = coordinator_.end_reason();
    if (status_ != 0 && stopped_by == 0 && !first_spoke_ && !reason.empty()) fail(Kind::unavailable, reason);
    return status_;
  }

  ~Launch() {
    for (const Rank& rank : ranks_) {
      if (rank.process > 0) ::kill(rank.process, SIGKILL);
    }
    for (const Rank& rank : ranks_) {
      if (rank.process > 0) ::waitpid(rank.process, nullptr, 0);
    }
  }

 private:
  bool finished() const {
    const bool none_runs = std::all_of(ranks_.begin(), ranks_.end(), [](const Rank& r) { return r.process == 0; });
    const bool all_done = std::all_of(ranks_.begin(), ranks_.end(), [](const Rank& r) { return r.done; });
    return all_done || (ending_ && (none_runs || Clock::now() - ended_ > kPatience));
  }

  std::vector<std::string> environment_of(int rank) const {
    std::vector<std::string> variables;
    for (char** v = ::environ; *v; ++v) variables.emplace_back(*v);
    const auto add = [&](const std::string& name, const auto& value) {
      std::erase_if(variables, [&](const std::string& each) { return each.starts_with(name + "="); });
      variables.push_back(text(name, "=", value));
    };
    add("RANK", rank);
    add("WORLD_SIZE", options_.ranks);
    add("LOCAL_RANK", rank);
    add("LOCAL_WORLD_SIZE", options_.ranks);
    add("MASTER_ADDR", "127.0.0.1");
    add("MASTER_PORT", coordinator_.port());
    add("GRAFT_COORDINATOR", "launcher");
    add("GRAFT_JOB_TOKEN", token_);
    return variables;
  }

  static std::vector<char*> pointers(std::vector<std::string>& strings) {
    std::vector<char*> out;
    for (std::string& each : strings) out.push_back(each.data());
    out.push_back(nullptr);
    return out;
  }

  void start(int rank) {
    // All memory is taken before the fork: behind it only calls that are safe there.
    std::vector<std::string> arguments = arguments_, environment = environment_of(rank);
    const std::vector<char*> argv = pointers(arguments), envp = pointers(environment);
    const std::string log = (options_.logs / text("rank-", rank, ".log")).string();
    const cpu_set_t cores = cores_of(rank, options_.ranks);
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    require(child >= 0, "cannot start rank ", rank, ": ", system_message());
    if (child > 0) {
      ranks_[static_cast<std::size_t>(rank)].process = child;
      return;
    }
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    ::sched_setaffinity(0, sizeof cores, &cores);
    if (rank > 0) {
      const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
      if (file >= 0) ::dup2(file, 2);
    }
    ::execve("/proc/self/exe", argv.data(), envp.data());
    ::_exit(127);
  }

  void pass_on(int signal) const {
    for (const Rank& rank : ranks_) {
      if (rank.process > 0) ::kill(rank.process, signal);
    }
  }

  void look() {
    if (asked_to_finish != 0) pass_on(SIGUSR1);
    asked_to_finish = 0;
    if (stopped_by != 0 && !ending_) {
      pass_on(SIGTERM);
      end(128 + stopped_by);
    }
    for (int number = 0; number < options_.ranks; ++number) {
      Rank& rank = ranks_[static_cast<std::size_t>(number)];
      int status = 0;
      if (rank.process > 0 && ::waitpid(rank.process, &status, WNOHANG) == rank.process) {
        rank.process = 0;
        rank.died = Clock::now();
        take(number, status);
      }
      const bool dead = rank.process == 0 && !rank.done;
      if (dead && !ending_ && Clock::now() - rank.died > kBeforeRestart) {
        ++rank.restarts;
        spdlog::info("starting rank {} again", number);
        start(number);
      }
    }
  }

  // What the end of a rank means. A rank that fails with a sentence of its own has told all others; one that a signal
  // ended is missed by them.
  void take(int number, int status) {
    Rank& rank = ranks_[static_cast<std::size_t>(number)];
    rank.done = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (number == 0 && WIFEXITED(status) && !rank.done) first_spoke_ = true;
    if (rank.done || ending_) return;
    const bool killed = WIFSIGNALED(status);
    if (killed)
      spdlog::warn("rank {} was ended by signal {} ({})", number, WTERMSIG(status), ::strsignal(WTERMSIG(status)));
    const bool may_return = options_.least < options_.ranks && killed && rank.restarts < kMostRestarts;
    if (!may_return) end(killed ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
  }

  void end(int status) {
    ending_ = true;
    ended_ = Clock::now();
    status_ = status;
  }

  const LaunchOptions options_;
  const std::vector<std::string> arguments_;
  const std::string token_;
  Coordinator coordinator_;
  std::vector<Rank> ranks_;
  bool ending_ = false;
  bool first_spoke_ = false;  // rank 0, whose words people see, ended with a sentence of its own
  Clock::time_point ended_{};
  int status_ = 0;
};

}  // namespace

int launch(const LaunchOptions& options, const std::vector<std::string>& arguments) {
  struct sigaction action {};
  action.sa_handler = remember_signal;
  for (int number : {SIGINT, SIGTERM, SIGUSR1}) ::sigaction(number, &action, nullptr);
  return Launch(options, arguments).run();
}

}  // namespace graft
