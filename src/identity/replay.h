// Which signatures were seen of late.
//
// A signature is good for a quarter of an hour, so who overhears one could send it again. What cannot be refused is
// what honest clients do: a request has the same signature as another one of the same second with the same content, and
// a client or a proxy whose connection broke sends one again at once. So a signature is a replay when it comes again
// later than `grace` after it came first.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

namespace graft {

class Replay {
 public:
  // Remembers for `window` at least, but not more than `most` signatures twice over: with more of them than that in the
  // window, the oldest are forgotten.
  explicit Replay(std::chrono::seconds grace = std::chrono::seconds(30),
                  std::chrono::seconds window = std::chrono::seconds(1800), std::size_t most = 200'000)
      : grace_(grace.count()), window_(window.count()), most_(most) {}

  // `now` in seconds since 1970. Thread-safe.
  bool is_replay(const std::string& signature, std::int64_t now);

 private:
  const std::int64_t grace_, window_;
  const std::size_t most_;
  std::mutex mutex_;
  // Guarded by mutex_: when a signature came first. The older half is forgotten as a whole.
  std::unordered_map<std::uint64_t, std::int64_t> recent_, older_;
  std::int64_t begun_ = 0;  // recent_
};

}  // namespace graft
