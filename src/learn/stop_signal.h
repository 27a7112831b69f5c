// SIGUSR1: whoever started this process wants training to end at the next step, with the best until then as its result.
#pragma once

#include <functional>

namespace graft {

// Whether that was asked. Until the first call the signal ends the process, as there is nothing to keep yet.
std::function<bool()> stop_on_signal();

}  // namespace graft
