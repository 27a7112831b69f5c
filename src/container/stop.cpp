#include "container/stop.h"

#include <csignal>

#include "base/error.h"

namespace graft {
namespace {

volatile std::sig_atomic_t wanted = 0;

extern "C" void want_stop(int) {
  wanted = 1;
}

}  // namespace

void watch_for_stop() {
  struct sigaction action {};
  action.sa_handler = want_stop;
  for (int number : {SIGINT, SIGTERM}) ::sigaction(number, &action, nullptr);
}

bool stop_wanted() {
  return wanted != 0;
}

void check_for_stop() {
  if (stop_wanted()) fail(Kind::unavailable, "the job was stopped before there was a model");
}

}  // namespace graft
