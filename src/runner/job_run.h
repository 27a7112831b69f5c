// One job's life, on a thread of its own: what is in its folder says where it goes on. Only for runner/.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>

#include "runner/checkpoint_sync.h"
#include "runner/execution.h"
#include "runner/job_folder.h"
#include "runner/pipe_feeder.h"
#include "runner/runner.h"

namespace graft {

class JobLog;

constexpr const char* kStopped = "Training job stopped";

class JobRun {
 public:
  JobRun(const RunnerOptions& options, const RunnerListener& listener, JobFolder folder);
  ~JobRun();
  JobRun(const JobRun&) = delete;
  JobRun& operator=(const JobRun&) = delete;

  const JobSpec& spec() const { return spec_; }
  const JobState& state() const { return state_; }
  bool is_stopping() const { return stopping_; }

  // Before run(), on these cores of this machine; without any where it is to be stopped before it starts.
  void give(std::vector<int> cores) { state_.cores = std::move(cores); }
  // It waits for cores or memory.
  void tell_queued();
  // To the job's end, or until leave() is called.
  void run();

  // From any thread. `stop` is on disk already.
  void stop();
  void leave();

 private:
  struct Leaving {};  // thrown: the runner goes, and the folder says where to go on
  struct Stopped {};  // thrown before training: somebody wants it to stop

  void check();
  void pause();
  void tell(JobPhase phase, const std::string& message, const std::string& artifact = {});
  // The same, unless it is in this phase already.
  void enter(JobPhase phase, const std::string& message);
  void deliver();
  void deliver_end();
  void live();
  // Of work with objects: a store that is just being started is waited for.
  void patiently(const std::function<void()>& work);

  JobEnd prepare_and_train();
  void prepare();
  void fetch();
  void fetch_inputs();
  void start_checkpoints(bool fetch);
  JobEnd train();
  void begin_attempt();
  bool has_started() const;
  void write_commands();
  std::unique_ptr<Execution> execution() const;
  std::vector<SupervisedEnd> watch(Execution& attempt, bool found);
  std::vector<SupervisedEnd> watch(Execution& attempt, JobLog& log);
  void start(Execution& attempt);
  void end_all(Execution& attempt);
  JobEnd end_of(const std::vector<SupervisedEnd>& ends) const;
  std::string reason_of_failure(std::size_t host, const SupervisedEnd& end) const;
  std::string reason_of_loss(const std::vector<SupervisedEnd>& ends) const;
  void start_feeding();
  void forget_feeding() const;
  bool was_feeding() const;
  bool feeding_has_failed();
  void finish();
  std::string upload();

  bool is_local() const { return options_.executor == RunnerOptions::Executor::local; }
  S3Settings s3() const { return options_.s3(spec_.account); }

  const RunnerOptions& options_;
  const RunnerListener& listener_;
  const JobFolder folder_;
  const JobSpec spec_;
  const std::vector<std::string> hosts_;
  JobState state_;
  Descriptor wake_;
  std::atomic<bool> leaving_ = false, stopping_ = false;
  bool taken_ = true;  // the last event, by the listener
  std::vector<std::unique_ptr<PipeFeeder>> feeders_{};
  std::vector<std::unique_ptr<CheckpointSync>> checkpoints_{};
  std::mutex mutex_;
  std::string feeding_failed_;  // guarded by mutex_: why a pipe ended before its data
};

}  // namespace graft
