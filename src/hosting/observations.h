// What there is to tell of invocations, told behind their backs: no request waits for who listens.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace graft {

struct Observation {
  std::string account{}, endpoint{}, variant{};
  int status = 0;  // the model's; 0: it did not answer
  std::size_t instances = 1;
  double model_microseconds = 0, overhead_microseconds = 0;
  std::uint64_t captures_dropped = 0;  // above 0: that is what is told, of no invocation
};

class Observations {
 public:
  using Listener = std::function<void(const std::string& account, const std::string& endpoint,
                                      const std::string& variant, const std::string& metric, double value)>;
  explicit Observations(Listener listener);
  // Tells the rest.
  ~Observations();
  Observations(const Observations&) = delete;
  Observations& operator=(const Observations&) = delete;

  // Returns at once. When who listens is too slow for what comes, the newest are dropped, and their number logged.
  void add(Observation observation);

 private:
  void run();
  void tell(const Observation& observation) const;

  const Listener listener_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Observation> waiting_;  // guarded by mutex_
  std::uint64_t dropped_ = 0;         // guarded by mutex_
  bool ending_ = false;               // guarded by mutex_
  std::thread thread_;
};

}  // namespace graft
