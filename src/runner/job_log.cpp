#include "runner/job_log.h"

#include <thread>

#include "base/log.h"
#include "runner/job_folder.h"

namespace graft {
namespace {

constexpr int kTries = 3;
constexpr auto kBetween = std::chrono::milliseconds(200);

}  // namespace

JobLog::JobLog(const RunnerListener& listener, const JobSpec& spec, const std::filesystem::path& attempt,
               const std::vector<std::string>& hosts)
    : listener_(listener), spec_(spec), hosts_(hosts), patterns_(spec.metrics) {
  for (const std::string& host : hosts) tails_.emplace_back(attempt / host);
}

void JobLog::say(const std::string& line) {
  if (!line.empty()) deliver(hosts_.front(), {line});
}

// A log service that is out of order must not end a training.
void JobLog::deliver(const std::string& host, const std::vector<std::string>& lines) const {
  for (int tries = 1; listener_.log; ++tries) {
    try {
      return listener_.log(spec_, host, lines);
    } catch (const std::exception& error) {
      if (tries == kTries)
        return spdlog::error("{} lines of the job {} are lost: {}", lines.size(), spec_.name, error.what());
    }
    std::this_thread::sleep_for(kBetween);
  }
}

void JobLog::pass_on(bool all) {
  for (std::size_t host = 0; host < hosts_.size(); ++host) pass_on(host, all);
}

void JobLog::pass_on(std::size_t host, bool all) {
  for (;;) {
    const std::vector<std::string> lines = tails_[host].read(all);
    if (lines.empty()) return;
    deliver(hosts_[host], lines);
    const double now = seconds_since_1970();
    for (const std::string& line : lines) {
      patterns_.apply(line, [&](const std::string& name, double value) {
        if (listener_.metric) listener_.metric(spec_, name, now, value);
      });
    }
    tails_[host].taken();
  }
}

}  // namespace graft
