// The logs of a job's instances on their way to the listener, and the metrics in them. Only for runner/.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "runner/log_tail.h"
#include "runner/metric_patterns.h"
#include "runner/runner.h"

namespace graft {

class JobLog {
 public:
  // Of an attempt's folder.
  JobLog(const RunnerListener& listener, const JobSpec& spec, const std::filesystem::path& attempt,
         const std::vector<std::string>& hosts);

  // A line of ours in the first instance's log; nothing where it is empty.
  void say(const std::string& line);
  // All that is new; with `all` also last lines without an end.
  void pass_on(bool all);

 private:
  void pass_on(std::size_t host, bool all);
  void deliver(const std::string& host, const std::vector<std::string>& lines) const;

  const RunnerListener& listener_;
  const JobSpec& spec_;
  const std::vector<std::string>& hosts_;
  const MetricPatterns patterns_;
  std::vector<LogTail> tails_{};
};

}  // namespace graft
