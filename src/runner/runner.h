// Runs jobs: a queue, the executors (processes of this machine, Slurm, containers), and what watches them.
#pragma once

#include <functional>
#include <memory>

#include "remote/store.h"
#include "runner/job.h"

namespace graft {

struct RunnerOptions {
  std::filesystem::path folder{};    // of all jobs' folders
  std::filesystem::path programs{};  // where graft and graft-learn are
  enum class Executor { local, slurm } executor = Executor::local;
  int cores = 0;  // of this machine to give away; 0: all
  // The platform's folder, of which a job's program sees its own part only, where the kernel can do that; empty: all.
  std::filesystem::path hidden{};
  // How a job of this account reaches its objects.
  std::function<S3Settings(const std::string& account)> s3{};
};

// Called from the runner's threads, one at a time for a job; must not wait long.
struct RunnerListener {
  std::function<void(const JobSpec&, const JobEvent&)> event{};
  // Of one instance ("algo-1"), as they come.
  std::function<void(const JobSpec&, const std::string& host, const std::vector<std::string>& lines)> log{};
  std::function<void(const JobSpec&, const std::string& metric, double time, double value)> metric{};
};

class Runner {
 public:
  // Finds the jobs in the folder again: goes on watching those that still run, starts again (from their checkpoints)
  // those that do not, and tells the end of those that ended meanwhile.
  Runner(RunnerOptions options, RunnerListener listener);
  // Leaves running jobs running.
  ~Runner();

  // On disk when it returns; starts when there is room. A job whose image cannot be run here fails and says so.
  void submit(const JobSpec& spec);
  // SIGTERM, 120 s, SIGKILL; the output is uploaded. Nothing for a job that ended.
  void stop(const std::string& account, const std::string& name);
  // Forgets a job that ended, and its folder.
  void erase(const std::string& account, const std::string& name);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace graft
