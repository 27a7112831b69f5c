#include "runner/job_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/printable.h"
#include "runner/log_text.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxName = 128;
constexpr std::array kPhases{"queued",     "starting",  "downloading", "training", "uploading", "stopping",
                             "restarting", "completed", "failed",      "stopped",  "timed_out"};

std::string word_of(JobPhase phase) {
  return kPhases.at(static_cast<std::size_t>(phase));
}

JobPhase phase_of(const std::string& word) {
  const auto found = std::find(kPhases.begin(), kPhases.end(), word);
  require(found != kPhases.end(), "a job's state.json: there is no phase ", printable(word));
  return static_cast<JobPhase>(found - kPhases.begin());
}

void check_name(const std::string& name) {
  const auto plain = [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_'; };
  require(!name.empty() && name.size() <= kMaxName && std::all_of(name.begin(), name.end(), plain),
          "a job's account and name are letters, digits and '-', not \"", printable(name).substr(0, kMaxName), "\"");
}

void sync_folder(const fs::path& folder) {
  const Descriptor handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (handle.fd < 0 || ::fsync(handle.fd) != 0) {
    fail(Kind::unavailable, "cannot write ", folder.string(), ": ", system_message());
  }
}

Json json_of(const JobState& state) {
  Json json{{"phase", word_of(state.event.phase)},
            {"time", state.event.time},
            {"message", valid_utf8(state.event.message)},
            {"artifact", state.event.artifact},
            {"events", state.events},
            {"place", state.place},
            {"cores", state.cores},
            {"boot", state.boot},
            {"started", state.started},
            {"attempt", state.attempt},
            {"lost", state.lost}};
  if (state.end) json["end"] = {{"phase", word_of(state.end->phase)}, {"message", valid_utf8(state.end->message)}};
  return json;
}

}  // namespace

JobFolder::JobFolder(const fs::path& folder, const std::string& account, const std::string& name) {
  check_name(account);
  check_name(name);
  root_ = folder / account / name;
}

bool JobFolder::is_job() const {
  std::error_code unknown;
  return fs::exists(root_ / "spec.json", unknown);
}

void JobFolder::create(const JobSpec& spec, const JobState& state) const {
  make_folder(root_);
  // What an erased job of the name left behind.
  for (const char* name : {"told", "stop", "run"}) fs::remove_all(root_ / name);
  for (const std::string& host : hosts_of(spec)) fs::remove_all(instance(host));
  save(state);
  write_file(root_ / "spec.json", Json(spec).dump());
  sync_folder(root_.parent_path());
  sync_folder(root_.parent_path().parent_path());
}

JobSpec JobFolder::spec() const {
  const fs::path file = root_ / "spec.json";
  return parse_json(read_text(file), file.string()).get<JobSpec>();
}

JobState JobFolder::state() const {
  const fs::path file = root_ / "state.json";
  const std::string source = file.string();
  const Json json = parse_json(read_text(file), source);
  JobState state;
  state.event = {.phase = phase_of(field<std::string>(json, "phase", source)),
                 .time = field<double>(json, "time", source),
                 .message = field<std::string>(json, "message", source),
                 .artifact = field<std::string>(json, "artifact", source)};
  state.events = field<int>(json, "events", source);
  state.place = field<std::int64_t>(json, "place", source);
  state.cores = field<std::vector<int>>(json, "cores", source);
  state.boot = field<std::string>(json, "boot", source);
  state.started = field<double>(json, "started", source);
  state.attempt = field<int>(json, "attempt", source);
  state.lost = field<int>(json, "lost", source);
  if (json.contains("end")) {
    state.end = JobEnd{phase_of(field<std::string>(json.at("end"), "phase", source)),
                       field<std::string>(json.at("end"), "message", source)};
  }
  return state;
}

void JobFolder::save(const JobState& state) const {
  write_file(root_ / "state.json", json_of(state).dump());
}

int JobFolder::told() const {
  std::error_code unknown;
  if (!fs::exists(root_ / "told", unknown)) return 0;
  const std::string content = read_text(root_ / "told", 32);
  int events = 0;
  std::from_chars(content.data(), content.data() + content.size(), events);
  return events;
}

// Not synced: when it is lost with the power an event is told twice, which says the same.
void JobFolder::set_told(int events) const {
  const fs::path file = root_ / "told", temporary = root_ / "told.new";
  const std::string content = std::to_string(events);
  {
    const Descriptor out(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (out.fd < 0 || ::write(out.fd, content.data(), content.size()) < 0) return;
  }
  std::error_code ignored;
  fs::rename(temporary, file, ignored);
}

bool JobFolder::stop_wanted() const {
  std::error_code unknown;
  return fs::exists(root_ / "stop", unknown);
}

void JobFolder::want_stop() const {
  write_file(root_ / "stop", std::string_view());
}

void JobFolder::erase() const {
  std::error_code ignored;
  fs::remove(root_ / "spec.json", ignored);
  sync_folder(root_);
  fs::remove_all(root_, ignored);
}

void JobFolder::remove_data() const {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(root_, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name != "spec.json" && name != "state.json" && name != "told") fs::remove_all(entry.path(), ignored);
  }
}

std::vector<std::string> hosts_of(const JobSpec& spec) {
  std::vector<std::string> hosts;
  for (int i = 1; i <= spec.instances; ++i) hosts.push_back(text("algo-", i));
  std::sort(hosts.begin(), hosts.end());
  return hosts;
}

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace graft
