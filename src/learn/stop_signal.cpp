#include "learn/stop_signal.h"

#include <csignal>

namespace graft {
namespace {

volatile std::sig_atomic_t asked = 0;

extern "C" void remember(int) {
  asked = 1;
}

}  // namespace

std::function<bool()> stop_on_signal() {
  struct sigaction action {};
  action.sa_handler = remember;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGUSR1, &action, nullptr);
  return [] { return asked != 0; };
}

}  // namespace graft
