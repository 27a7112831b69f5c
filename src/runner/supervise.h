// What stands beside a job's program for as long as it runs: `graft job-supervise FOLDER`, a process that has nothing
// to do with the runner's. It starts the program once, ends it when it is told to or its time is over, and writes down
// how it ended. Only for runner/ and the program's main.
//
// The folder:
//   command.json   what is to be run (Command)
//   lock           held (flock) by the supervisor and all that it starts: who has it knows that none of them runs
//   started.json   who runs (Started)
//   end.json       how it ended (End); who has the lock may write it, and nothing is started here any more
//   log            all that the program says
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runner/process.h"

namespace graft {

struct Command {
  std::vector<std::string> arguments{};  // the program first
  std::map<std::string, std::string> environment{};
  std::filesystem::path folder{};        // to run in
  std::filesystem::path hidden{};        // of what is below it the program sees `folder` only; empty: all
  std::vector<int> cores{};              // empty: all
  std::uint64_t memory = 0;              // bytes of data; 0: no limit
  double deadline = 0;                   // seconds since 1970; 0: none
  double runtime = 0;                    // seconds, of one that waits for long before it starts; 0: no limit
  double patience = 120;                 // seconds from SIGTERM to SIGKILL
  std::vector<std::string> after{};      // run when it has ended: removes a container
  std::vector<std::string> inherited{};  // variables that the supervisor's environment knows, and the runner does not
};

struct Started {
  ProcessId supervisor{};
  pid_t group = 0;  // of the program's processes
};

struct SupervisedEnd {
  bool lost = false;       // nobody saw it
  int status = 0;          // exit code, or 128 and the number of the signal
  bool timed_out = false;  // its deadline came
  bool told = false;       // somebody sent SIGTERM to its supervisor
  bool no_room = false;    // the disk was full
  double time = 0;         // seconds since 1970
};

void write_command(const std::filesystem::path& folder, const Command& command);
std::optional<Started> find_started(const std::filesystem::path& folder);
std::optional<SupervisedEnd> find_end(const std::filesystem::path& folder);

// Whether nothing of it runs any more: then it has an end now, `lost` if it had none.
bool settle(const std::filesystem::path& folder);
// Kills what is left of it where its supervisor is gone.
void kill_remains(const std::filesystem::path& folder);

// `FOLDER`, or below it the folder of the instance that this task of Slurm is to be. The exit code of the process.
int supervise(const std::filesystem::path& folder);

}  // namespace graft
