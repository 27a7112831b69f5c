// The attempts of a job.
#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <random>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "base/instance_type.h"
#include "base/log.h"
#include "base/machine.h"
#include "base/printable.h"
#include "base/words.h"
#include "runner/below.h"
#include "runner/job_log.h"
#include "runner/job_run.h"
#include "runner/log_text.h"
#include "runner/outputs.h"
#include "runner/program.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxReason = 1024, kMaxSaid = 64 << 10;
constexpr const char* kTraining = "Training image download completed. Training in progress.";
constexpr const char* kFeeding = "feeding-";
// Attempts whose end nobody saw, as the machine ended with them: more is a job that ends its machine.
constexpr int kMostLost = 10;
constexpr auto kLook = std::chrono::minutes(10);
// Lines that come within so long go on together.
constexpr auto kGather = std::chrono::milliseconds(20);

// What is free on another machine is not known; systems give out none of these by themselves.
int meeting_port(bool local) {
  constexpr int kFirst = 20'000, kCount = 10'000;
  return local ? find_free_port() : kFirst + static_cast<int>(std::random_device()() % kCount);
}

std::string random_token() {
  std::random_device device;
  return text(std::hex, device(), device(), device(), device());
}

// Of the job's cores, an instance's share; one in turn where there are fewer.
std::vector<int> share_of(const std::vector<int>& cores, std::size_t index, std::size_t count) {
  std::vector<int> share;
  for (std::size_t i = 0; i < cores.size(); ++i) {
    const bool mine = cores.size() < count ? i == index % cores.size() : i * count / cores.size() == index;
    if (mine) share.push_back(cores[i]);
  }
  return share;
}

std::string last_line(const std::string& text) {
  std::string pending = text, last;
  for (std::string& line : take_lines(pending, true)) {
    if (!line.empty()) last = std::move(line);
  }
  return last;
}

}  // namespace

void JobRun::write_commands() {
  const bool local = is_local();
  const InstanceType type = instance_type(spec_.instance_type);
  const int port = spec_.instances > 1 ? meeting_port(local) : 0;
  const std::string token = random_token();
  const S3Settings settings = s3();
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    const InstancePlace place{
        .host = hosts_[i],
        .folder = folder_.instance(hosts_[i]),
        .cores = share_of(state_.cores, i, hosts_.size()),
        .memory = type.memory == 0 ? 0 : std::min(type.memory, memory_of_machine()),
        .deadline = local ? state_.started + static_cast<double>(spec_.most_runtime.count()) : 0,
        .port = port,
        .one_machine = local,
        .token = token,
        .hidden = options_.hidden,
    };
    make_folder(place.folder / "tmp");
    // What an attempt before this one said of itself.
    if (is_folder_below(place.folder, "output")) fs::remove(place.folder / "output/failure");
    write_command(folder_.attempt(state_.attempt) / hosts_[i], program_of(spec_, place, options_.programs, settings));
  }
}

std::unique_ptr<Execution> JobRun::execution() const {
  const fs::path folder = folder_.attempt(state_.attempt);
  if (is_local()) return local_execution(folder, hosts_, options_.programs);
  return slurm_execution(folder, hosts_, options_.programs, spec_);
}

JobEnd JobRun::train() {
  bool found = state_.attempt > 0;  // by a runner that was started again
  for (;; found = false) {
    if (!found) begin_attempt();
    const std::unique_ptr<Execution> attempt = execution();
    const bool broken = found && was_feeding();
    if (!found) start(*attempt);
    if (broken) attempt->stop(true);
    if (found && !broken) start_feeding();
    const std::vector<SupervisedEnd> ends = watch(*attempt, found);
    feeders_.clear();
    // A supervisor that somebody else has told to stop went with the machine.
    const bool lost = broken || std::any_of(ends.begin(), ends.end(), [](const auto& e) { return e.lost || e.told; });
    if (stopping_ || !lost) return end_of(ends);
    // What was lost under a runner's eyes is the job's own; what was not, is the machine's.
    if (++state_.lost > (found ? kMostLost : spec_.retries)) {
      return {JobPhase::failed, std::string(cut("InternalServerError: " + reason_of_loss(ends), kMaxReason))};
    }
    tell(JobPhase::restarting, "Restarting the training job");
    fetch();
  }
}

std::string JobRun::reason_of_failure(std::size_t host, const SupervisedEnd& end) const {
  const fs::path instance = folder_.instance(hosts_[host]);
  std::string reason = failure_of(instance, end.status);
  const bool silent = read_below(instance, "output/failure", 1).empty();
  if (silent && is_engines_own(spec_, end.status)) {
    const fs::path log = fs::path(hosts_[host]) / "log";
    reason = text("ClientError: the image ", printable(spec_.image),
                  " cannot be run: ", last_line(read_below(folder_.attempt(state_.attempt), log, kMaxSaid)));
  }
  // It may have had no room to say why; and where it took away what did not fit, there is room again.
  const bool full = end.no_room || (says_disk_is_full(reason) && reason.find(instance.string()) != std::string::npos);
  if (full) reason = "InternalServerError: the disk of the platform is full: " + reason;
  return std::string(cut(reason, kMaxReason));
}

std::string JobRun::reason_of_loss(const std::vector<SupervisedEnd>& ends) const {
  const auto lost = std::find_if(ends.begin(), ends.end(), [](const auto& end) { return end.lost || end.told; });
  if (lost == ends.end()) return "the platform ended while the program read a pipe, and it had to be ended too";
  const std::string& host = hosts_[static_cast<std::size_t>(lost - ends.begin())];
  const fs::path attempt = folder_.attempt(state_.attempt);
  std::string said = last_line(read_below(attempt, fs::path(host) / kStartLog, kMaxSaid));
  if (said.empty()) said = last_line(read_below(attempt, kStartLog, kMaxSaid));
  return text("the process that watches over the training program of ", host,
              lost->told ? " was told to stop, and not by this platform" : " was killed, or its machine went down",
              ", and the program ended with it", said.empty() ? "" : ": ", said);
}

void JobRun::begin_attempt() {
  check();
  if (state_.started == 0) state_.started = seconds_since_1970();
  ++state_.attempt;
  write_commands();
  forget_feeding();
  start_feeding();
  if (is_local()) return tell(JobPhase::training, kTraining);
  tell(JobPhase::queued, "Waiting for nodes of Slurm");
}

bool JobRun::has_started() const {
  return std::any_of(hosts_.begin(), hosts_.end(), [&](const std::string& host) {
    return find_started(folder_.attempt(state_.attempt) / host).has_value();
  });
}

bool JobRun::feeding_has_failed() {
  const std::lock_guard lock(mutex_);
  return !feeding_failed_.empty();
}

std::vector<SupervisedEnd> JobRun::watch(Execution& attempt, bool found) {
  try {
    JobLog log(listener_, spec_, folder_.attempt(state_.attempt), hosts_);
    if (!found) log.say(note_on(spec_));
    if (checkpoints_.empty()) start_checkpoints(false);
    for (const auto& each : checkpoints_) each->start();
    return watch(attempt, log);
  } catch (const std::exception&) {
    end_all(attempt);
    throw;
  }
}

std::vector<SupervisedEnd> JobRun::watch(Execution& attempt, JobLog& log) {
  bool told_to_stop = false, told_to_hurry = false;
  for (;;) {
    const auto ends = attempt.ends();
    if (state_.event.phase == JobPhase::queued && has_started()) tell(JobPhase::training, kTraining);
    log.pass_on(false);
    if (std::all_of(ends.begin(), ends.end(), [](const auto& end) { return end.has_value(); })) {
      log.pass_on(true);
      std::vector<SupervisedEnd> all;
      for (const auto& end : ends) all.push_back(*end);
      return all;
    }
    if (leaving_) throw Leaving();
    if (stopping_ && !told_to_stop) {
      told_to_stop = true;
      enter(JobPhase::stopping, "Stopping the training job");
      attempt.stop(false);
    }
    // What is left of a job that has failed would wait for those that are gone.
    const bool failed = std::any_of(ends.begin(), ends.end(), [](const auto& end) { return end && end->status != 0; });
    const bool lost = std::any_of(ends.begin(), ends.end(), [](const auto& end) { return end && end->lost; });
    if (!told_to_hurry && (failed || lost || feeding_has_failed())) {
      told_to_hurry = true;
      attempt.stop(true);
    }
    attempt.wait(wake_.fd, kLook);
    eventfd_t ignored = 0;
    (void)::eventfd_read(wake_.fd, &ignored);
    std::this_thread::sleep_for(kGather);
  }
}

void JobRun::start(Execution& attempt) {
  try {
    attempt.start();
  } catch (const std::exception&) {
    end_all(attempt);
    throw;
  }
}

// Nothing of it may run when the job is told to have failed.
void JobRun::end_all(Execution& attempt) {
  attempt.stop(true);
  for (;;) {
    if (leaving_) throw Leaving();
    const auto ends = attempt.ends();
    if (std::all_of(ends.begin(), ends.end(), [](const auto& end) { return end.has_value(); })) return;
    attempt.wait(wake_.fd, std::chrono::seconds(1));
    std::this_thread::sleep_for(kGather);
  }
}

JobEnd JobRun::end_of(const std::vector<SupervisedEnd>& ends) const {
  if (stopping_) return {JobPhase::stopped, kStopped};
  if (!feeding_failed_.empty()) {
    return {JobPhase::failed, std::string(cut("ClientError: Data download failed: " + feeding_failed_, kMaxReason))};
  }
  if (std::any_of(ends.begin(), ends.end(), [](const SupervisedEnd& end) { return end.timed_out; })) {
    return {JobPhase::timed_out, "Training job runtime exceeded MaxRuntimeInSeconds provided"};
  }
  // The first that failed says why; the others failed for want of it.
  std::size_t first = ends.size();
  for (std::size_t i = 0; i < ends.size(); ++i) {
    if (ends[i].status != 0 && (first == ends.size() || ends[i].time < ends[first].time)) first = i;
  }
  if (first == ends.size()) return {JobPhase::completed, "Training job completed"};
  return {JobPhase::failed, reason_of_failure(first, ends[first])};
}

void JobRun::start_feeding() {
  feeders_.clear();
  for (const JobChannel& channel : spec_.channels) {
    if (channel.mode != JobChannel::Mode::pipe) continue;
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
      const auto failed = [this](const std::string& why) {
        const std::lock_guard lock(mutex_);
        feeding_failed_ = why;
        (void)::eventfd_write(wake_.fd, 1);
      };
      feeders_.push_back(std::make_unique<PipeFeeder>(s3(), channel, Share{i, hosts_.size()},
                                                      folder_.instance(hosts_[i]) / "input/data",
                                                      folder_.root() / (kFeeding + hosts_[i]), failed));
    }
  }
}

void JobRun::forget_feeding() const {
  for (const std::string& host : hosts_) fs::remove_all(folder_.root() / (kFeeding + host));
}

// A runner ended while it fed a pipe: the program has got less than it should, and may not have noticed.
bool JobRun::was_feeding() const {
  return std::any_of(hosts_.begin(), hosts_.end(), [&](const std::string& host) {
    return PipeFeeder::was_feeding(folder_.root() / (kFeeding + host));
  });
}

}  // namespace graft
