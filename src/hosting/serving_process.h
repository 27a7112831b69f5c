// A program that answers over HTTP, kept alive: started, watched, asked /ping, started again when it ends or hangs.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "hosting/bell.h"
#include "hosting/child_process.h"
#include "http/client.h"

namespace graft {

struct ServingProgram {
  Program program{};
  // Where it will listen; 0: it says so itself in a line that ends with "at http://HOST:PORT", as `graft serve` does.
  std::uint16_t port = 0;
  std::string name{};  // for the platform's log
  std::chrono::milliseconds most_start{240'000};
  std::chrono::milliseconds ping_period{5'000};
  // What it wrote, and what there is to say of it. From a thread of its own; must not wait long.
  std::function<void(const std::vector<std::string>&)> log{};
  // Called after each end, to take away what the program left.
  std::function<void()> ended{};
};

class ServingProcess {
 public:
  enum class Phase { starting, ready, restarting, failed, stopped };

  // `bell` is rung when the phase changes.
  ServingProcess(ServingProgram program, std::shared_ptr<Bell> bell);
  // Stops it and waits for that.
  ~ServingProcess();
  ServingProcess(const ServingProcess&) = delete;
  ServingProcess& operator=(const ServingProcess&) = delete;

  Phase phase() const { return phase_; }
  // Whether it answers.
  bool is_ready() const { return ready_; }
  // How it is asked; of its last start, null before it was ready.
  std::shared_ptr<ClientPool> client() const;
  // Counts its starts: what was loaded into one is not in the next.
  unsigned start() const { return start_; }
  // Why it failed, with its last lines. Of the phase failed: a program that never became ready is not started again.
  std::string failure() const;

  // Asks it to end: SIGTERM, SIGKILL after 30 seconds. Returns at once; the phase becomes stopped, or stays failed.
  void request_stop();
  bool is_stopping() const { return stopping_; }

 private:
  using Clock = std::chrono::steady_clock;
  // What is known of one start.
  struct Life {
    Clock::time_point begun, next_ping, kill_at = Clock::time_point::max();
    std::uint16_t port = 0;
    std::shared_ptr<ClientPool> client{};
    bool ready = false;
    int missed = 0;
    std::string verdict{};  // why it is being ended, in the platform's words
  };

  void run();
  void live();
  int watch(ChildProcess& child, Life& life);
  void take_lines(const std::vector<std::string>& lines, Life& life);
  void look_after(ChildProcess& child, Life& life);
  void end(ChildProcess& child, Life& life, const std::string& verdict);
  void become(Phase phase);
  void say(const std::string& sentence);
  bool wait_for_stop(std::chrono::milliseconds time) const;

  const ServingProgram program_;
  const std::shared_ptr<Bell> bell_;
  const Descriptor stop_;  // an eventfd
  std::atomic<bool> stopping_ = false;
  std::atomic<Phase> phase_ = Phase::starting;
  std::atomic<bool> ready_ = false;
  std::atomic<unsigned> start_ = 0;
  bool was_ready_ = false;  // ever; of the thread
  mutable std::mutex mutex_;
  std::shared_ptr<ClientPool> client_;  // guarded by mutex_
  std::string failure_;                 // guarded by mutex_
  std::deque<std::string> last_lines_;  // of the thread
  std::thread thread_;
};

}  // namespace graft
