// Where an attempt of a job runs: as processes of this machine, or as a job of Slurm. Only for runner/.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runner/job.h"
#include "runner/supervise.h"

namespace graft {

// In an attempt's folder, or that of one of its hosts: what was said by what starts and supervises its programs.
constexpr const char* kStartLog = "supervisor.log";

class Execution {
 public:
  virtual ~Execution() = default;

  // Starts all instances, whose commands are written. Called once for an attempt.
  virtual void start() = 0;
  // Of each host, its end; nothing while it runs or waits to.
  virtual std::vector<std::optional<SupervisedEnd>> ends() = 0;
  // Waits until one has ended, a log has grown, `wake` is readable, or so long.
  virtual void wait(int wake, std::chrono::milliseconds most) = 0;
  // SIGTERM, and after the command's patience SIGKILL; `soon`: after ten seconds. Returns at once.
  virtual void stop(bool soon) = 0;
};

// `folder` is the attempt's; one whose supervisors were started by another runner is found again.
std::unique_ptr<Execution> local_execution(std::filesystem::path folder, std::vector<std::string> hosts,
                                           std::filesystem::path programs);
std::unique_ptr<Execution> slurm_execution(std::filesystem::path folder, std::vector<std::string> hosts,
                                           std::filesystem::path programs, const JobSpec& spec);

}  // namespace graft
