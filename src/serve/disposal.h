// Ends what its users let go of, on a thread of its own.
//
// A network's last user is often the thread that answered with it, which the network owns and which cannot wait for
// itself; and giving hundreds of megabytes back takes longer than a request should.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace graft {

class Disposal {
 public:
  Disposal();
  // Ends all that was let go of. What is let go of later is ended by who lets go.
  ~Disposal();
  Disposal(const Disposal&) = delete;
  Disposal& operator=(const Disposal&) = delete;

  // Thread-safe. When the last pointer to it is gone, the value ends on this thread, and its memory goes back to the
  // system.
  template <typename Value>
  std::shared_ptr<const Value> keep(std::unique_ptr<Value> value) {
    return std::shared_ptr<const Value>(value.release(),
                                        [state = state_](const Value* gone) { state->end([gone] { delete gone; }); });
  }

 private:
  struct State {
    void end(std::function<void()> work);
    void run();

    std::mutex mutex;  // guards what follows
    std::condition_variable changed;
    std::vector<std::function<void()>> works;
    bool stopping = false;
  };
  std::shared_ptr<State> state_;
  std::jthread thread_;
};

}  // namespace graft
