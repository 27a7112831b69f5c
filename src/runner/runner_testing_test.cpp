#include "runner/runner_testing.h"

#include <signal.h>
#include <unistd.h>

#include "runner/job_folder.h"
#include "runner/supervise.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

constexpr auto kPatience = std::chrono::seconds(60);

// This program is its jobs' supervisor, too.
const bool is_test = [] {
  std::ifstream words("/proc/self/cmdline");
  std::string program, command, folder;
  std::getline(words, program, '\0');
  std::getline(words, command, '\0');
  std::getline(words, folder, '\0');
  if (command == "job-supervise") ::_exit(supervise(folder));
  return true;
}();

}  // namespace

std::string until(const fs::path& file) {
  return "while [ ! -e '" + file.string() + "' ]; do sleep 0.02; done\n";
}

RunnerListener Told::listener() {
  return {.event =
              [this](const JobSpec& spec, const JobEvent& event) {
                const std::lock_guard lock(mutex_);
                events_.emplace_back(spec.name, event);
                changed_.notify_all();
              },
          .log =
              [this](const JobSpec&, const std::string& host, const std::vector<std::string>& lines) {
                const std::lock_guard lock(mutex_);
                for (const std::string& line : lines) lines_.emplace_back(host, line);
                changed_.notify_all();
              },
          .metric =
              [this](const JobSpec&, const std::string& name, double, double value) {
                const std::lock_guard lock(mutex_);
                metrics_.emplace_back(name, value);
              }};
}

void Told::wait(const std::string& what, const std::function<bool()>& condition) {
  std::unique_lock lock(mutex_);
  if (changed_.wait_for(lock, kPatience, condition)) return;
  std::string said;
  for (const auto& [job, event] : events_)
    said += text(job, " ", static_cast<int>(event.phase), " ", event.message, "\n");
  for (const auto& [host, line] : lines_) said += host + ": " + line + "\n";
  fail(Kind::internal, "it does not come to ", what, ":\n", said);
}

JobEvent Told::wait_for(const std::string& job, JobPhase phase) {
  JobEvent found;
  wait(text("phase ", static_cast<int>(phase)), [&] {
    for (const auto& [name, event] : events_) {
      if (name == job && event.phase == phase) found = event;
    }
    return found.time > 0;
  });
  return found;
}

JobEvent Told::wait_for_end(const std::string& job) {
  JobEvent found;
  wait("an end", [&] {
    for (const auto& [name, event] : events_) {
      if (name == job && is_end(event.phase)) found = event;
    }
    return found.time > 0;
  });
  return found;
}

void Told::wait_for_line(const std::string& line) {
  wait("the line " + line, [&] {
    return std::any_of(lines_.begin(), lines_.end(), [&](const auto& each) { return each.second == line; });
  });
}

std::vector<JobPhase> Told::phases(const std::string& job) {
  const std::lock_guard lock(mutex_);
  std::vector<JobPhase> phases;
  for (const auto& [name, event] : events_) {
    if (name == job) phases.push_back(event.phase);
  }
  return phases;
}

std::vector<std::string> Told::lines(const std::string& host) {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> lines;
  for (const auto& [from, line] : lines_) {
    if (from == host) lines.push_back(line);
  }
  return lines;
}

std::vector<double> Told::metrics(const std::string& name) {
  const std::lock_guard lock(mutex_);
  std::vector<double> values;
  for (const auto& [metric, value] : metrics_) {
    if (metric == name) values.push_back(value);
  }
  return values;
}

std::size_t Told::count_lines(const std::string& line) {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(
      std::count_if(lines_.begin(), lines_.end(), [&](const auto& each) { return each.second == line; }));
}

RunnerTest::RunnerTest() {
  const fs::path programs = folder_.path() / "bin";
  make_folder(programs);
  const std::string self = fs::read_symlink("/proc/self/exe").string();
  write_file(programs / "graft", text("#!/bin/sh\n[ \"$1\" = train ] || exec ", self,
                                      " \"$@\"\ncd \"$GRAFT_OPT_ML\" && exec /bin/sh input/data/code/train.sh\n"));
  fs::permissions(programs / "graft", fs::perms::owner_all);
  options_ = {.folder = folder_.path() / "jobs", .programs = programs, .s3 = [this](const std::string&) {
                return store_.settings();
              }};
}

RunnerTest::~RunnerTest() {
  runner_.reset();
  std::error_code none;
  for (const auto& entry : fs::recursive_directory_iterator(folder_.path() / "jobs", none)) {
    if (entry.path().filename() != "started.json") continue;
    const Descriptor supervisor(open_process(find_started(entry.path().parent_path())->supervisor));
    if (supervisor.fd >= 0) ::kill(find_started(entry.path().parent_path())->supervisor.pid, SIGKILL);
  }
}

void RunnerTest::start() {
  runner_ = std::make_unique<Runner>(options_, told_.listener());
}

JobSpec RunnerTest::job(const std::string& script, const std::string& name) {
  store_.put("bucket/" + name + "/code/train.sh", script);
  JobSpec spec{.account = "1", .region = "eu-west-1", .name = name, .arn = "arn:" + name, .image = "graft"};
  spec.channels.push_back({.name = "code", .uri = "s3://bucket/" + name + "/code"});
  spec.output_uri = "s3://bucket/out/";
  spec.instance_type = "ml.m5.large";
  return spec;
}

std::map<std::string, std::string> RunnerTest::unpacked(const std::string& object) const {
  const std::optional<std::string> content = store_.content("bucket/" + object);
  require(content.has_value(), "there is no object ", object);
  const TemporaryFolder folder;
  write_file(folder.path() / "tar", *content);
  unpack_tar(folder.path() / "tar", folder.path() / "out");
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder.path() / "out")) {
    if (!entry.is_regular_file()) continue;
    files[entry.path().lexically_relative(folder.path() / "out").string()] = read_text(entry.path());
  }
  return files;
}

}  // namespace graft
