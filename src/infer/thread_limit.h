// How many threads oneDNN uses.
#pragma once

namespace graft {

// oneDNN's calls from this thread use `threads` threads, this one among them, until destruction. A primitive must run
// under the limit it was made under. Without an OpenMP runtime it does nothing.
class ThreadLimit {
 public:
  explicit ThreadLimit(int threads);
  ~ThreadLimit();
  ThreadLimit(const ThreadLimit&) = delete;
  ThreadLimit& operator=(const ThreadLimit&) = delete;

 private:
  int before_ = 0;
};

}  // namespace graft
