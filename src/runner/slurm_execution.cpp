// The supervisors as tasks of one job of Slurm: sbatch, squeue, scancel. The runner's folder lies where all nodes have
// it.
#include <poll.h>

#include <algorithm>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/instance_type.h"
#include "base/log.h"
#include "runner/execution.h"

namespace graft {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr auto kLook = std::chrono::milliseconds(1000);
constexpr auto kAskEvery = std::chrono::seconds(5), kAskStopping = std::chrono::seconds(2);
// Slurm's own limit is behind ours, so that a job's end is one that we see.
constexpr int kMoreMinutes = 5;

std::string trimmed(std::string text) {
  const auto blank = [](unsigned char c) { return std::isspace(c); };
  text.erase(std::find_if_not(text.rbegin(), text.rend(), blank).base(), text.end());
  return text;
}

std::string first_line(const std::string& text) {
  return trimmed(text.substr(0, text.find('\n')));
}

// Within single quotes of a shell.
std::string quoted(const fs::path& path) {
  std::string out;
  for (const char c : path.string()) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out;
}

class SlurmExecution final : public Execution {
 public:
  SlurmExecution(fs::path folder, std::vector<std::string> hosts, fs::path programs, const JobSpec& spec)
      : folder_(std::move(folder)), hosts_(std::move(hosts)), programs_(std::move(programs)), spec_(spec) {
    make_folder(folder_);
    if (fs::exists(folder_ / "slurm")) id_ = read_text(folder_ / "slurm", 64);
  }

  void start() override {
    const fs::path script = folder_ / "job.sh";
    write_file(script,
               text("#!/bin/sh\n", "MASTER_ADDR=$(scontrol show hostnames \"$SLURM_JOB_NODELIST\" | head -n 1)\n",
                    "export MASTER_ADDR\nexec srun --kill-on-bad-exit=0 '", quoted(programs_ / "graft"),
                    "' job-supervise '", quoted(folder_), "'\n"));
    const int cores = std::max(1, instance_type(spec_.instance_type).cores);
    const auto minutes = spec_.most_runtime.count() / 60 + kMoreMinutes;
    id_ = trimmed(
        run_command({"sbatch", "--parsable", "--job-name=" + name(), text("--ntasks=", hosts_.size()),
                     text("--cpus-per-task=", cores), text("--time=", minutes), "--no-requeue",
                     "--chdir=" + folder_.string(), "--output=" + (folder_ / kStartLog).string(), script.string()}));
    id_ = id_.substr(0, id_.find(';'));  // behind it: the cluster
    write_file(folder_ / "slurm", id_);
  }

  std::vector<std::optional<SupervisedEnd>> ends() override {
    std::vector<std::optional<SupervisedEnd>> all;
    for (const std::string& host : hosts_) all.push_back(find_end(folder_ / host));
    const bool missing = std::any_of(all.begin(), all.end(), [](const auto& end) { return !end.has_value(); });
    if (!missing || Clock::now() < next_question_) return all;
    next_question_ = Clock::now() + (stop_ ? kAskStopping : kAskEvery);
    const std::string now = state();
    if (now.empty()) {
      settle_all(all);
    } else if (stop_) {
      // A signal that came before there was a process is lost, so it is sent until it has had its effect.
      tell_to_stop(now);
    }
    return all;
  }

  void wait(int wake, std::chrono::milliseconds most) override {
    pollfd wanted{wake, POLLIN, 0};
    ::poll(&wanted, 1, static_cast<int>(std::min(most, kLook).count()));
  }

  void stop(bool soon) override {
    stop_ = soon || stop_.value_or(false);
    next_question_ = {};
  }

 private:
  void settle_all(std::vector<std::optional<SupervisedEnd>>& all) const {
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
      make_folder(folder_ / hosts_[i]);
      if (settle(folder_ / hosts_[i])) all[i] = find_end(folder_ / hosts_[i]);
    }
  }

  void tell_to_stop(const std::string& now) const {
    if (id_.empty()) return;
    std::vector<std::string> command{"scancel", id_};
    const bool waits = now == "PENDING" || now == "CONFIGURING";
    if (!waits) command.push_back(*stop_ ? "--signal=INT" : "--signal=TERM");
    try {
      run_command(command);
    } catch (const Error& error) {
      spdlog::warn("the job {} of Slurm is not told to stop, which is tried again: {}", id_, error.what());
    }
  }

  // "RUNNING"; empty when Slurm has it no more.
  std::string state() {
    try {
      // A runner may have ended between sbatch and writing its number down.
      if (id_.empty()) id_ = first_line(run_command({"squeue", "--noheader", "--format=%A", "--name=" + name()}));
      if (id_.empty()) return {};
      return trimmed(run_command({"squeue", "--noheader", "--format=%T", "--jobs=" + id_}));
    } catch (const Error& error) {
      // Of a job that ended long ago it says that there is none; of a controller that is away, something else.
      if (std::string(error.what()).find("Invalid job id") != std::string::npos) return {};
      spdlog::warn("Slurm does not answer: {}", error.what());
      return "UNKNOWN";
    }
  }

  // The folder makes it this platform's own.
  std::string name() const {
    const std::string folder = hex(sha256(as_bytes(folder_.string()))).substr(0, 8);
    return text("graft-", spec_.account, "-", spec_.name, "-", folder_.filename().string(), "-", folder);
  }

  const fs::path folder_;
  const std::vector<std::string> hosts_;
  const fs::path programs_;
  const JobSpec& spec_;
  std::string id_{};
  Clock::time_point next_question_{};
  std::optional<bool> stop_{};  // it is to stop; true: soon
};

}  // namespace

std::unique_ptr<Execution> slurm_execution(fs::path folder, std::vector<std::string> hosts, fs::path programs,
                                           const JobSpec& spec) {
  return std::make_unique<SlurmExecution>(std::move(folder), std::move(hosts), std::move(programs), spec);
}

}  // namespace graft
