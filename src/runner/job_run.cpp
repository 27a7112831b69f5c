#include "runner/job_run.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/words.h"
#include "runner/below.h"
#include "runner/config_files.h"
#include "runner/inputs.h"
#include "runner/job_log.h"
#include "runner/log_text.h"
#include "runner/outputs.h"
#include "runner/program.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxReason = 1024;
constexpr auto kPatience = std::chrono::seconds(30);
constexpr int kBetween = 1000;  // milliseconds

// What was wrong is the job's own: its objects are not there, or not for it.
std::string reason_of(const char* doing, const std::exception& error) {
  const auto* ours = dynamic_cast<const Error*>(&error);
  const bool internal = !ours || ours->kind() == Kind::internal || ours->kind() == Kind::unavailable;
  return std::string(
      cut(text(internal ? "InternalServerError: " : "ClientError: ",
               says_disk_is_full(error.what()) ? "the disk of the platform is full: " : "", doing, error.what()),
          kMaxReason));
}

}  // namespace

JobRun::JobRun(const RunnerOptions& options, const RunnerListener& listener, JobFolder folder)
    : options_(options),
      listener_(listener),
      folder_(std::move(folder)),
      spec_(folder_.spec()),
      hosts_(hosts_of(spec_)),
      state_(folder_.state()),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  stopping_ = folder_.stop_wanted();
}

JobRun::~JobRun() = default;

void JobRun::stop() {
  stopping_ = true;
  (void)::eventfd_write(wake_.fd, 1);
}

void JobRun::leave() {
  leaving_ = true;
  (void)::eventfd_write(wake_.fd, 1);
}

void JobRun::check() {
  if (leaving_) throw Leaving();
  if (stopping_) throw Stopped();
}

void JobRun::tell_queued() {
  try {
    tell(JobPhase::queued, "Insufficient free cores or memory: the job waits for others to end");
  } catch (const std::exception& error) {
    spdlog::error("the job {}: {}", spec_.name, error.what());
  }
}

void JobRun::tell(JobPhase phase, const std::string& message, const std::string& artifact) {
  state_.event = {.phase = phase, .time = seconds_since_1970(), .message = message, .artifact = artifact};
  ++state_.events;
  try {
    folder_.save(state_);
  } catch (const std::exception& error) {
    // The end is told where the disk is full, too: the folder is only behind.
    if (!is_end(phase)) throw;
    spdlog::error("the end of the job {} is not on disk: {}", spec_.name, error.what());
  }
  deliver();
}

void JobRun::enter(JobPhase phase, const std::string& message) {
  if (state_.event.phase != phase) tell(phase, message);
}

void JobRun::deliver() {
  try {
    if (listener_.event) listener_.event(spec_, state_.event);
    taken_ = true;
    folder_.set_told(state_.events);
  } catch (const std::exception& error) {
    taken_ = false;
    spdlog::error("an event of the job {} was not taken: {}", spec_.name, error.what());
  }
}

// Of other events the next one says as much. Nobody waits for ever because a disk was full for a while.
void JobRun::deliver_end() {
  while (!taken_) {
    pause();
    deliver();
  }
}

void JobRun::run() {
  try {
    if (folder_.told() < state_.events) deliver();
    if (!is_end(state_.event.phase)) live();
    folder_.remove_data();
    deliver_end();
  } catch (const Leaving&) {
  } catch (const std::exception& error) {
    spdlog::error("the job {} is gone on with when the runner starts again: {}", spec_.name, error.what());
  }
  feeders_.clear();
  checkpoints_.clear();
}

void JobRun::live() {
  try {
    if (!state_.end) {
      state_.end = prepare_and_train();
      folder_.save(state_);
    }
    finish();
  } catch (const std::exception& error) {
    spdlog::error("the job {}: {}", spec_.name, error.what());
    tell(JobPhase::failed, reason_of("", error));
  }
}

JobEnd JobRun::prepare_and_train() {
  try {
    if (state_.attempt == 0) prepare();
    return train();
  } catch (const Stopped&) {
    return {JobPhase::stopped, kStopped};
  }
}

void JobRun::prepare() {
  check();
  check_engine(spec_, is_local());
  tell(JobPhase::starting, "Preparing the instances for training");
  for (const std::string& host : hosts_) lay_out(spec_, host, folder_.instance(host));
  check();
  tell(JobPhase::downloading, "Downloading input data");
  fetch();
}

void JobRun::fetch() {
  try {
    fetch_inputs();
    start_checkpoints(state_.attempt == 0);
  } catch (const Error& error) {
    throw Error(error.kind(), error.code(), text("Data download failed: ", error.what()));
  }
}

void JobRun::patiently(const std::function<void()>& work) {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    try {
      return work();
    } catch (const Error& error) {
      const bool passes = error.kind() == Kind::unavailable && !says_disk_is_full(error.what());
      if (!passes || std::chrono::steady_clock::now() > until) throw;
      spdlog::warn("the job {}: {}; it is tried again", spec_.name, error.what());
    }
    pause();
    if (stopping_ && !state_.end) throw Stopped();
  }
}

void JobRun::pause() {
  pollfd wanted{wake_.fd, POLLIN, 0};
  ::poll(&wanted, 1, kBetween);
  eventfd_t ignored = 0;
  (void)::eventfd_read(wake_.fd, &ignored);
  if (leaving_) throw Leaving();
}

// Of a job with several instances, all that is not divided among them comes once and is linked.
void JobRun::fetch_inputs() {
  const bool lost = state_.boot != boot_id();
  if (state_.attempt > 0 && !lost) return;
  for (const std::string& host : hosts_) {
    const fs::path instance = folder_.instance(host);
    require(is_folder_below(instance, "input/data"), "the job's program has replaced its folder of inputs");
    // What was written before the machine's end may be there in name only.
    if (lost) fs::remove_all(instance / "input/data");
    make_folder(instance / "input/data");
  }
  state_.boot = boot_id();
  for (const JobChannel& channel : spec_.channels) {
    if (channel.mode == JobChannel::Mode::pipe) continue;
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
      const fs::path folder = folder_.instance(hosts_[i]) / "input/data" / channel.name;
      if (i == 0 || channel.sharded) {
        patiently([&] { download_channel(s3(), channel, {i, hosts_.size()}, folder, [this] { check(); }); });
      } else {
        fs::remove_all(folder);
        fs::copy(folder_.instance(hosts_[0]) / "input/data" / channel.name, folder,
                 fs::copy_options::recursive | fs::copy_options::create_hard_links);
      }
    }
  }
}

void JobRun::start_checkpoints(bool fetch) {
  checkpoints_.clear();
  if (spec_.checkpoint_uri.empty()) return;
  S3Path prefix = parse_s3(spec_.checkpoint_uri);
  if (!prefix.key.empty() && !prefix.key.ends_with('/')) prefix.key += '/';
  for (const std::string& host : hosts_) {
    const fs::path instance = folder_.instance(host);
    checkpoints_.push_back(
        std::make_unique<CheckpointSync>(s3(), prefix, instance, folder_.root() / ("checkpoints-" + host + ".json")));
    if (!fetch) continue;
    patiently([&] {
      download_folder(s3(), prefix, instance / "checkpoints", [this](std::uint64_t, std::uint64_t) { check(); });
    });
    checkpoints_.back()->adopt();
  }
}

void JobRun::finish() {
  const JobEnd end = *state_.end;
  if (end.phase == JobPhase::completed || end.phase == JobPhase::failed) {
    enter(JobPhase::uploading, "Uploading generated training model");
  } else {
    enter(JobPhase::stopping, "Stopping the training job");
  }
  std::string artifact;
  try {
    artifact = upload();
  } catch (const Leaving&) {
    throw;
  } catch (const std::exception& error) {
    // Why a job failed is worth more than that its output could not be kept either.
    if (end.phase != JobPhase::failed) return tell(JobPhase::failed, reason_of("Artifact upload failed: ", error));
    spdlog::warn("the job {}: its output is not uploaded: {}", spec_.name, error.what());
  }
  // Who stops a job that is being uploaded is told that it was stopped, and has its model.
  if (stopping_ && end.phase == JobPhase::completed) return tell(JobPhase::stopped, kStopped, artifact);
  tell(end.phase, end.message, artifact);
}

std::string JobRun::upload() {
  if (state_.attempt == 0) return {};
  if (checkpoints_.empty()) start_checkpoints(false);
  for (const auto& each : checkpoints_) patiently([&] { each->finish(); });
  Outputs outputs{.scratch = folder_.root() / "upload"};
  make_folder(outputs.scratch);
  for (const std::string& host : hosts_) outputs.folders.push_back(folder_.instance(host));
  std::string artifact;
  const JobPhase phase = state_.end->phase;
  // A job that was stopped has a model where it wrote one; one that completed has one, be it empty.
  const bool wanted = phase == JobPhase::completed || (phase != JobPhase::failed && has_model(outputs));
  if (wanted) patiently([&] { artifact = upload_model(s3(), spec_, outputs); });
  patiently([&] { upload_output_data(s3(), spec_, outputs); });
  return artifact;
}

}  // namespace graft
