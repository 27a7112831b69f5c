// Starts the ranks of a job on this machine: as processes of this program with its own arguments.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace graft {

struct LaunchOptions {
  int ranks = 1;
  int least = 1;               // see Coordinator; below `ranks`, a rank that dies is started again
  std::filesystem::path logs;  // a folder: what ranks other than the first say goes to rank-N.log
};

// Runs `arguments` (the program first) once for each rank, each on its share of the cores, and coordinates them.
// Returns the exit status: 0 when all have done their part. When the job fails, or this process is told to stop, no
// rank is left behind.
int launch(const LaunchOptions& options, const std::vector<std::string>& arguments);

}  // namespace graft
