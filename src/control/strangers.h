// How much callers without a key of the account may ask of public endpoints: so many calls a second from one address,
// and so many at a time from all, so that they do not take the threads and models that others need.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <string>

namespace graft {

struct StrangerLimits {
  double each_second = 20, at_once = 40;  // of one address: on average, and after a rest
  std::size_t together = 32;              // calls of all addresses that are being answered
  std::size_t most_addresses = 10'000;    // that are remembered
};

// Thread-safe.
class Strangers {
 public:
  explicit Strangers(const StrangerLimits& limits = {}) : limits_(limits) {}

  // A call that is being answered, for as long as it lives.
  class Visit {
   public:
    Visit(Strangers& house, const std::string& address, double now) : house_(house) { house.enter(address, now); }
    ~Visit() { house_.leave(); }
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;

   private:
    Strangers& house_;
  };

 private:
  // A bucket that fills up evenly; a call takes one of what is in it.
  struct Allowance {
    double left = 0, seen = 0;
  };
  // Throws Kind::unavailable when there have been, or are, too many.
  void enter(const std::string& address, double now);
  void leave();
  double left(const Allowance& allowance, double now) const;

  const StrangerLimits limits_;
  std::mutex mutex_;
  std::map<std::string, Allowance> known_{};  // guarded by mutex_: those that have called a moment ago
  std::size_t inside_ = 0;                    // guarded by mutex_
};

}  // namespace graft
