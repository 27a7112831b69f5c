// Processes by more than their number, which another one gets when they have ended. Only for runner/.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "base/json_forward.h"

namespace graft {

struct ProcessId {
  pid_t pid = 0;
  std::string start{};  // when it began, in the kernel's ticks
  std::string boot{};   // of the machine
};

void to_json(Json& json, const ProcessId& id);
void from_json(const Json& json, ProcessId& id);

// The boot that this machine is in.
std::string boot_id();
ProcessId this_process();

// Readable when it ends. Below 0: it has ended, or another one has its number.
int open_process(const ProcessId& id);

// Runs a command without waiting, in a session of its own, with nothing of ours open, and none of our signals blocked;
// its output goes to `log`.
pid_t start_detached(const std::vector<std::string>& command, const std::string& log);

// Runs a short command to its end. Returns its output, whatever it is; throws when it fails. Whoever waits for it must
// not wait for ever: one that takes longer than `most` is killed, and has failed.
std::string run_command(const std::vector<std::string>& command,
                        std::chrono::milliseconds most = std::chrono::minutes(2));

}  // namespace graft
