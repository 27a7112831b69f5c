// A program that is run to its end, with its output passed on line by line.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace graft {

struct ChildEnd {
  int status = 0;       // its exit code, or 128 and the number of the signal that ended it
  bool killed = false;  // by a signal
  std::string error;    // its last line that began with "error: ", without that
};

// `each_moment` is called a few times a second, and once when the child has ended. When this process is asked to stop
// (stop.h), the child gets `stop_signal`, once.
ChildEnd run_child(const std::vector<std::string>& command, int stop_signal, const std::function<void()>& each_moment);

}  // namespace graft
