#include "base/background.h"

#include <sys/resource.h>
#include <unistd.h>

#include <exception>
#include <thread>

namespace graft {

void in_background(const std::function<void()>& work) {
  // On a machine that is busy all the time this is a tenth of a core: the work is slow then, and still ends.
  constexpr int kNiceness = 10;
  std::exception_ptr error;
  std::thread([&] {
    // Linux has a niceness for each thread. Where it is refused the work is only felt more.
    (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNiceness);
    try {
      work();
    } catch (...) {
      error = std::current_exception();
    }
  }).join();
  if (error) std::rethrow_exception(error);
}

}  // namespace graft
