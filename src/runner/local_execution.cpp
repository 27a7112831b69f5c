#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "runner/execution.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

// For processes that were killed to be gone.
constexpr auto kGone = std::chrono::seconds(10);
constexpr auto kLook = std::chrono::milliseconds(20);

struct Instance {
  fs::path folder;
  pid_t pid = 0;           // of the supervisor
  bool ours = false;       // it is a child of this process
  Descriptor process{-1};  // of the supervisor; readable when it has ended
  std::optional<SupervisedEnd> end{};
};

class LocalExecution final : public Execution {
 public:
  LocalExecution(fs::path folder, const std::vector<std::string>& hosts, fs::path programs)
      : programs_(std::move(programs)), changes_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    for (const std::string& host : hosts) {
      instances_.push_back(std::make_unique<Instance>());
      Instance& instance = *instances_.back();
      instance.folder = folder / host;
      make_folder(instance.folder);
      ::inotify_add_watch(changes_.fd, instance.folder.c_str(), IN_MODIFY | IN_CREATE);
      attach(instance);
    }
  }

  ~LocalExecution() override {
    for (const auto& instance : instances_) collect(*instance);
  }

  void start() override {
    for (const auto& instance : instances_) {
      instance->pid = start_detached({(programs_ / "graft").string(), "job-supervise", instance->folder.string()},
                                     (instance->folder / kStartLog).string());
      instance->ours = true;
      instance->process.fd = static_cast<int>(::syscall(SYS_pidfd_open, instance->pid, 0));
    }
  }

  std::vector<std::optional<SupervisedEnd>> ends() override {
    std::vector<std::optional<SupervisedEnd>> all;
    for (const auto& instance : instances_) {
      if (!instance->end && has_ended(*instance)) instance->end = end_of(*instance);
      all.push_back(instance->end);
    }
    return all;
  }

  void wait(int wake, std::chrono::milliseconds most) override {
    std::vector<pollfd> wanted{{wake, POLLIN, 0}, {changes_.fd, POLLIN, 0}};
    for (const auto& instance : instances_) {
      if (!instance->end) wanted.push_back({instance->process.fd, POLLIN, 0});
    }
    ::poll(wanted.data(), wanted.size(), static_cast<int>(most.count()));
    alignas(inotify_event) std::array<char, 4096> events;
    while (::read(changes_.fd, events.data(), events.size()) > 0) {
    }
  }

  void stop(bool soon) override {
    for (const auto& instance : instances_) {
      if (instance->end || instance->process.fd < 0) continue;
      ::syscall(SYS_pidfd_send_signal, instance->process.fd, soon ? SIGINT : SIGTERM, nullptr, 0);
    }
  }

 private:
  static void attach(Instance& instance) {
    const std::optional<Started> started = find_started(instance.folder);
    if (!started) return;
    instance.pid = started->supervisor.pid;
    if (instance.process.fd < 0) instance.process.fd = open_process(started->supervisor);
  }

  static bool has_ended(const Instance& instance) {
    if (instance.process.fd < 0) return true;
    pollfd wanted{instance.process.fd, POLLIN, 0};
    return ::poll(&wanted, 1, 0) > 0;
  }

  static void collect(Instance& instance) {
    if (instance.ours) (void)::waitpid(instance.pid, nullptr, WNOHANG);
  }

  // Its supervisor is gone, or not there yet. Where it has left no end, nobody may still run when this returns one.
  static std::optional<SupervisedEnd> end_of(Instance& instance) {
    collect(instance);
    const auto until = std::chrono::steady_clock::now() + kGone;
    while (!settle(instance.folder)) {
      if (!instance.ours) attach(instance);
      if (!has_ended(instance)) return {};
      kill_remains(instance.folder);
      if (std::chrono::steady_clock::now() > until) {
        fail(Kind::internal, "processes of the job cannot be ended: ", instance.folder.string());
      }
      std::this_thread::sleep_for(kLook);
    }
    return find_end(instance.folder);
  }

  const fs::path programs_;
  const Descriptor changes_;
  std::vector<std::unique_ptr<Instance>> instances_{};
};

}  // namespace

std::unique_ptr<Execution> local_execution(fs::path folder, std::vector<std::string> hosts, fs::path programs) {
  return std::make_unique<LocalExecution>(std::move(folder), hosts, std::move(programs));
}

}  // namespace graft
