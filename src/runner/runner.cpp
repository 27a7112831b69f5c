#include "runner/runner.h"

#include <algorithm>
#include <condition_variable>
#include <list>
#include <map>
#include <mutex>
#include <thread>

#include "base/confinement.h"
#include "base/error.h"
#include "base/file.h"
#include "base/instance_type.h"
#include "base/log.h"
#include "base/machine.h"
#include "runner/capacity.h"
#include "runner/inputs.h"
#include "runner/job_run.h"
#include "runner/metric_patterns.h"
#include "runner/program.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

constexpr int kMostInstances = 100;
constexpr std::size_t kMostChannels = 20, kMostActive = 256;

// All that can be known to be wrong before the job is anybody's.
void check(const JobSpec& spec) {
  check_program(spec);
  (void)instance_type(spec.instance_type);
  (void)MetricPatterns(spec.metrics);
  (void)parse_s3(spec.output_uri);
  if (!spec.checkpoint_uri.empty()) (void)parse_s3(spec.checkpoint_uri);
  require(spec.instances >= 1 && spec.instances <= kMostInstances, "a job has 1 to ", kMostInstances, " instances");
  require(spec.most_runtime.count() > 0, "a job's longest runtime is above 0 seconds");
  require(spec.channels.size() <= kMostChannels, "a job has at most ", kMostChannels, " channels");
  for (auto channel = spec.channels.begin(); channel != spec.channels.end(); ++channel) {
    check_channel(*channel);
    const bool twice = std::any_of(spec.channels.begin(), channel,
                                   [&](const JobChannel& other) { return other.name == channel->name; });
    require(!twice, "there are two channels ", channel->name);
  }
  for (const auto& [name, value] : spec.environment) {
    require(!name.empty() && name.find('=') == std::string::npos && name.find('\0') == std::string::npos &&
                value.find('\0') == std::string::npos,
            "there is no environment variable of the name ", name);
  }
}

// At most so many; 0: all.
std::vector<int> cores_to_give(int most) {
  std::vector<int> cores = cores_of_process();
  if (most > 0 && static_cast<std::size_t>(most) < cores.size()) cores.resize(static_cast<std::size_t>(most));
  return cores;
}

// A machine of 16 GiB shows a little less, as its kernel keeps some: two jobs of 8 GiB have room on it.
std::uint64_t memory_to_give() {
  return memory_of_machine() / 16 * 17;
}

std::int64_t nanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

struct Runner::State {
  using Key = std::pair<std::string, std::string>;  // account and name
  struct Active {
    std::shared_ptr<JobRun> run{};
    std::thread thread{};
    bool done = false;
  };

  State(RunnerOptions given, RunnerListener told) : options(std::move(given)), listener(std::move(told)) {}

  bool is_local() const { return options.executor == RunnerOptions::Executor::local; }
  void find_again();
  void schedule();
  bool start_next();
  bool tell_queued(std::unique_lock<std::mutex>& lock);
  void start(const Key& key, std::shared_ptr<JobRun> run);
  bool collect(std::unique_lock<std::mutex>& lock);

  const RunnerOptions options;
  const RunnerListener listener;
  std::mutex mutex;
  std::condition_variable changed;
  bool leaving = false;  // guarded by mutex, as all below
  Capacity capacity{cores_to_give(options.cores), memory_to_give()};
  std::map<Key, Active> active{};
  std::list<std::shared_ptr<JobRun>> queue{};  // in the order they came
  std::thread scheduler{};
};

void Runner::State::find_again() {
  std::vector<std::shared_ptr<JobRun>> waiting;
  for (const auto& account : fs::directory_iterator(options.folder)) {
    if (!account.is_directory()) continue;
    for (const auto& entry : fs::directory_iterator(account.path())) {
      const JobFolder folder(entry.path());
      if (!folder.is_job()) continue;
      try {
        const JobState state = folder.state();
        if (is_end(state.event.phase) && folder.told() >= state.events) {
          folder.remove_data();
          continue;
        }
        auto run = std::make_shared<JobRun>(options, listener, folder);
        const bool started = !state.cores.empty() || state.attempt > 0 || is_end(state.event.phase);
        if (!started) {
          waiting.push_back(std::move(run));
          continue;
        }
        capacity.hold(run->spec(), state.cores);
        const Key key(run->spec().account, run->spec().name);
        start(key, std::move(run));
      } catch (const std::exception& error) {
        spdlog::error("the job in {} cannot be gone on with: {}", entry.path().string(), error.what());
      }
    }
  }
  std::sort(waiting.begin(), waiting.end(),
            [](const auto& a, const auto& b) { return a->state().place < b->state().place; });
  for (auto& run : waiting) queue.push_back(std::move(run));
}

void Runner::State::start(const Key& key, std::shared_ptr<JobRun> run) {
  Active& job = active[key];
  job.run = std::move(run);
  job.thread = std::thread([this, &job] {
    job.run->run();
    const std::lock_guard lock(mutex);
    job.done = true;
    changed.notify_all();
  });
}

// A job that has ended gives its room to those that wait. False where none has. Without the lock for a while.
bool Runner::State::collect(std::unique_lock<std::mutex>& lock) {
  const auto job = std::find_if(active.begin(), active.end(), [](const auto& each) { return each.second.done; });
  if (job == active.end()) return false;
  capacity.give_back(job->second.run->spec(), job->second.run->state().cores);
  lock.unlock();
  job->second.thread.join();
  lock.lock();
  active.erase(job);
  changed.notify_all();
  return true;
}

// The first of the queue where there is room for it; before all, one that is to stop.
bool Runner::State::start_next() {
  const auto stopped = std::find_if(queue.begin(), queue.end(), [](const auto& run) { return run->is_stopping(); });
  auto chosen = stopped;
  if (stopped == queue.end()) {
    if (queue.empty() || active.size() >= kMostActive) return false;
    chosen = queue.begin();
    if (is_local()) {
      auto given = capacity.take((*chosen)->spec());
      if (!given) return false;
      (*chosen)->give(std::move(*given));
    }
  }
  std::shared_ptr<JobRun> run = std::move(*chosen);
  queue.erase(chosen);
  const Key key(run->spec().account, run->spec().name);
  start(key, std::move(run));
  return true;
}

// Without the lock, as the listener may call the runner. False when all have heard of it.
bool Runner::State::tell_queued(std::unique_lock<std::mutex>& lock) {
  const auto found = std::find_if(queue.begin(), queue.end(), [](const auto& run) { return run->state().events == 0; });
  if (found == queue.end()) return false;
  const std::shared_ptr<JobRun> run = *found;
  lock.unlock();
  run->tell_queued();
  lock.lock();
  return true;
}

void Runner::State::schedule() {
  std::unique_lock lock(mutex);
  // What came while the lock was away is looked for before waiting.
  while (!leaving) {
    if (collect(lock)) continue;
    if (start_next()) continue;
    if (tell_queued(lock)) continue;
    changed.wait(lock);
  }
}

Runner::Runner(RunnerOptions options, RunnerListener listener)
    : state_(std::make_unique<State>(std::move(options), std::move(listener))) {
  make_folder(state_->options.folder);
  // Commands hold access keys.
  fs::permissions(state_->options.folder, fs::perms::owner_all);
  if (!state_->options.hidden.empty() && !can_confine()) {
    spdlog::warn("the kernel has no Landlock: nothing but graft itself keeps a training job of the image graft from {}",
                 state_->options.hidden.string());
  }
  state_->find_again();
  state_->scheduler = std::thread([state = state_.get()] { state->schedule(); });
}

Runner::~Runner() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->leaving = true;
    for (auto& [key, job] : state_->active) job.run->leave();
  }
  state_->changed.notify_all();
  state_->scheduler.join();
  for (auto& [key, job] : state_->active) {
    if (job.thread.joinable()) job.thread.join();
  }
}

void Runner::submit(const JobSpec& spec) {
  check(spec);
  const JobFolder folder(state_->options.folder, spec.account, spec.name);
  std::unique_lock lock(state_->mutex);
  // One of this name that was erased as soon as it ended may still be cleaning up.
  state_->changed.wait(lock, [&] { return folder.is_job() || !state_->active.contains({spec.account, spec.name}); });
  if (folder.is_job()) {
    fail(Kind::conflict, "there is a job ", spec.name, " already: give another name, or delete it");
  }
  JobState state;
  state.place = nanoseconds();
  folder.create(spec, state);
  state_->queue.push_back(std::make_shared<JobRun>(state_->options, state_->listener, folder));
  state_->changed.notify_all();
}

void Runner::stop(const std::string& account, const std::string& name) {
  const JobFolder folder(state_->options.folder, account, name);
  const std::lock_guard lock(state_->mutex);
  const auto waiting = std::find_if(state_->queue.begin(), state_->queue.end(), [&](const auto& run) {
    return run->spec().account == account && run->spec().name == name;
  });
  const auto job = state_->active.find({account, name});
  if (waiting == state_->queue.end() && job == state_->active.end()) return;
  folder.want_stop();
  if (waiting != state_->queue.end()) (*waiting)->stop();
  if (job != state_->active.end()) job->second.run->stop();
  state_->changed.notify_all();
}

void Runner::erase(const std::string& account, const std::string& name) {
  const JobFolder folder(state_->options.folder, account, name);
  const std::lock_guard lock(state_->mutex);
  if (!folder.is_job()) return;
  if (!is_end(folder.state().event.phase)) {
    fail(Kind::conflict, "the job ", name, " has not ended: stop it first, and wait until it is stopped");
  }
  folder.erase();
}

}  // namespace graft
