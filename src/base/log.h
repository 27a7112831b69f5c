// Messages to people, on stderr: one logger, by spdlog.
#pragma once

#include <spdlog/spdlog.h>

namespace graft {

// Sets the process's logger up: to stderr, coloured only on a terminal, "warning: ..." without a time stamp. Call it
// once, first in main().
void start_log();

// Whether `fd` is a terminal that understands colour and cursor movement (NO_COLOR and TERM=dumb say no).
bool is_terminal(int fd);

}  // namespace graft
