// A runner with a store, and a program that is a shell script in the channel "code". Only for tests.
#pragma once

#include <gmock/gmock.h>

#include <condition_variable>
#include <fstream>

#include "archive/unpack_tar.h"
#include "base/error.h"
#include "base/file.h"
#include "remote/test_store.h"
#include "runner/runner.h"

namespace graft {

// A script that goes on until the file is there.
std::string until(const std::filesystem::path& file);

// Of all jobs, in the order they came.
class Told {
 public:
  RunnerListener listener();
  // Throws when it does not come within a time that is long for any of the tests' jobs.
  JobEvent wait_for(const std::string& job, JobPhase phase);
  JobEvent wait_for_end(const std::string& job);
  void wait_for_line(const std::string& line);
  std::vector<JobPhase> phases(const std::string& job);
  std::vector<std::string> lines(const std::string& host);
  std::vector<double> metrics(const std::string& name);
  std::size_t count_lines(const std::string& line);

 private:
  void wait(const std::string& what, const std::function<bool()>& condition);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::pair<std::string, JobEvent>> events_;    // guarded by mutex_, as all below
  std::vector<std::pair<std::string, std::string>> lines_;  // host and line
  std::vector<std::pair<std::string, double>> metrics_;
};

class RunnerTest : public testing::Test {
 protected:
  RunnerTest();
  // Of a test that failed nothing goes on.
  ~RunnerTest() override;
  void start();
  // As after a kill: what runs goes on without it.
  void end() { runner_.reset(); }
  Runner& runner() { return *runner_; }

  // A job whose program is this script, in the folder of its /opt/ml.
  JobSpec job(const std::string& script, const std::string& name = "job");
  std::filesystem::path folder_of(const std::string& name) const { return folder_.path() / "jobs/1/" / name; }
  // The files of an archive in the store, by name.
  std::map<std::string, std::string> unpacked(const std::string& object) const;

  TemporaryFolder folder_;
  TestStore store_;
  Told told_;
  RunnerOptions options_;
  std::unique_ptr<Runner> runner_;
};

}  // namespace graft
