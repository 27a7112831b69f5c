// A program that runs beside this one and ends with it.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/descriptor.h"

namespace graft {

struct Program {
  std::vector<std::string> command{};                // the first is a path
  std::map<std::string, std::string> environment{};  // all of it
  std::vector<int> cores{};                          // that it may run on; empty: all
  // Of the files below it the program and all that it starts see only what is in one of `shown`; empty: all. Where the
  // kernel cannot do that (can_confine()), they see all.
  std::filesystem::path hidden{};
  std::vector<std::filesystem::path> shown{};
};

// To be made, used and destroyed by one thread: the kernel ends the program when the thread ends that started it.
class ChildProcess {
 public:
  explicit ChildProcess(const Program& program);
  // Ends the program and what it started.
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // For poll(): readable when there is output, and when the program has ended.
  int output() const { return output_.fd; }
  int ended() const { return ended_.fd; }

  // The lines that can be read without waiting; of a program that has ended, also the last one without its end. False
  // when there will be no more.
  bool read_lines(const std::function<void(std::string)>& each);

  // To it and what it started.
  void signal(int number) const;

  // Waits for its end: its exit code, or 128 and the number of the signal.
  int wait();

 private:
  pid_t id_ = -1;
  int status_ = -1;  // below 0: it was not waited for
  Descriptor output_, ended_;
  std::string pending_{};
};

}  // namespace graft
