// A job's folder, which is all that is known of it. Only for runner/.
//
//   spec.json             what is to be run; a folder without it is no job
//   state.json            how far it is
//   told                  the number of the last event that the listener heard of
//   stop                  there when it is to stop
//   algo-1/               what an instance has as /opt/ml
//   run/3/algo-1/         the third attempt of it; supervise.h has what is in it
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "runner/job.h"

namespace graft {

// How a job ends, from when that is known until it has been uploaded.
struct JobEnd {
  JobPhase phase = JobPhase::completed;
  std::string message{};
};

struct JobState {
  JobEvent event{.phase = JobPhase::queued};  // the last
  int events = 0;                             // its number; 0: none yet
  std::int64_t place = 0;                     // in the queue: nanoseconds since 1970
  std::vector<int> cores{};                   // of this machine that it holds
  std::string boot{};                         // of the machine when its inputs were written; they may be lost with it
  double started = 0;  // seconds since 1970: when training began first; its time counts from there
  int attempt = 0;     // of training; 0: none yet
  int lost = 0;        // attempts that nobody knows the end of
  std::optional<JobEnd> end{};
};

class JobFolder {
 public:
  explicit JobFolder(std::filesystem::path root) : root_(std::move(root)) {}
  // Throws Kind::invalid for names that no folder should have.
  JobFolder(const std::filesystem::path& folder, const std::string& account, const std::string& name);

  const std::filesystem::path& root() const { return root_; }
  std::filesystem::path instance(const std::string& host) const { return root_ / host; }
  std::filesystem::path attempt(int number) const { return root_ / "run" / std::to_string(number); }

  bool is_job() const;
  // On disk when it returns.
  void create(const JobSpec& spec, const JobState& state) const;
  JobSpec spec() const;
  JobState state() const;
  void save(const JobState& state) const;

  int told() const;
  void set_told(int events) const;

  bool stop_wanted() const;
  void want_stop() const;

  // Nobody finds a job in it afterwards, also where it is not removed to its end.
  void erase() const;
  // Removes what nobody needs when the job has ended.
  void remove_data() const;

 private:
  std::filesystem::path root_;
};

// "algo-1" to "algo-N", sorted as resourceconfig.json has them.
std::vector<std::string> hosts_of(const JobSpec& spec);

double seconds_since_1970();

}  // namespace graft
