#include "runner/program.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/error.h"
#include "base/machine.h"
#include "base/printable.h"
#include "runner/config_files.h"
#include "runner/job_folder.h"
#include "runner/process.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

constexpr const char* kOwnImage = "graft";
constexpr const char* kOptMl = "/opt/ml";
constexpr std::size_t kMaxImage = 255;

bool is_own(const JobSpec& spec) {
  return spec.image == kOwnImage;
}

fs::path engine_for(const JobSpec& spec) {
  const std::optional<fs::path> engine = find_container_engine();
  require(engine.has_value(), "the image ", printable(spec.image).substr(0, kMaxImage),
          " is not one that graft runs by itself, and neither podman nor docker is installed: install one of them, or "
          "give the image graft");
  return *engine;
}

// Ours read nothing else that a request may set. Others lead a program to files and libraries of this machine
// (LD_PRELOAD, GRAFT_CACHE, OPENSSL_CONF, ...), which are no tenant's to choose.
bool is_for_own(const std::string& variable) {
  constexpr std::array<std::string_view, 5> kHarmless{"TZ", "LANG", "LC_ALL", "NO_COLOR", "OMP_NUM_THREADS"};
  return std::find(kHarmless.begin(), kHarmless.end(), variable) != kHarmless.end();
}

// Of this process's own variables, those that say how its machine is set up and nothing of who it is.
void add_machine(std::map<std::string, std::string>& variables) {
  for (const char* name : {"PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES",
                           "NVIDIA_VISIBLE_DEVICES", "GRAFT_PRETRAINED", "ONEDNN_MAX_CPU_ISA", "DOCKER_HOST",
                           "XDG_RUNTIME_DIR", "CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF"}) {
    if (const char* value = std::getenv(name)) variables.emplace(name, value);
  }
}

// Instances are ranks; "algo-1" is no name that leads anywhere here.
void add_rank(const JobSpec& spec, const InstancePlace& place, Command& command) {
  if (spec.instances < 2) return;
  const std::vector<std::string> hosts = hosts_of(spec);
  const auto rank = std::find(hosts.begin(), hosts.end(), place.host) - hosts.begin();
  auto& variables = command.environment;
  variables["RANK"] = std::to_string(rank);
  variables["WORLD_SIZE"] = std::to_string(hosts.size());
  variables["MASTER_PORT"] = std::to_string(place.port);
  variables["GRAFT_JOB_TOKEN"] = place.token;
  if (place.one_machine) {
    variables["LOCAL_RANK"] = std::to_string(rank);
    variables["LOCAL_WORLD_SIZE"] = std::to_string(hosts.size());
    variables["MASTER_ADDR"] = "127.0.0.1";
  } else {
    command.inherited.push_back("MASTER_ADDR");
  }
}

Command own_program(const JobSpec& spec, const InstancePlace& place, const fs::path& programs, const S3Settings& s3) {
  Command command;
  command.arguments = {(programs / "graft").string(), "train"};
  command.environment = job_environment(spec, place.host, {place.folder, place.folder / "checkpoints"}, s3,
                                        static_cast<int>(place.cores.size()));
  add_machine(command.environment);
  for (const auto& [name, value] : spec.environment) {
    if (is_for_own(name)) command.environment[name] = value;
  }
  command.environment["GRAFT_OPT_ML"] = place.folder.string();
  command.environment["TMPDIR"] = (place.folder / "tmp").string();
  command.hidden = place.hidden;
  add_rank(spec, place, command);
  command.memory = place.memory;
  return command;
}

std::string container_name(const JobSpec& spec, const InstancePlace& place) {
  return text("graft-", spec.account, "-", spec.name, "-", place.host);
}

// Values go by the engine's environment, not by its command line, which every user of the machine can read.
void pass_environment(const JobSpec& spec, const InstancePlace& place, const S3Settings& s3, Command& command) {
  auto variables =
      job_environment(spec, place.host, {kOptMl, spec.checkpoint_path}, s3, static_cast<int>(place.cores.size()));
  for (const auto& [name, value] : spec.environment) variables[name] = value;
  for (const auto& [name, value] : variables) {
    if (name == "PATH" || name == "HOME" || name.starts_with("LD_") || name.starts_with("DOCKER_")) {
      command.arguments.insert(command.arguments.end(), {"--env", name + "=" + value});
      continue;
    }
    command.environment[name] = value;
    command.arguments.insert(command.arguments.end(), {"--env", name});
  }
}

Command container(const JobSpec& spec, const InstancePlace& place, const S3Settings& s3) {
  Command command;
  const std::string engine = engine_for(spec).string(), name = container_name(spec, place);
  command.arguments = {engine, "run", "--rm", "--name", name, "--hostname", place.host, "--network", "host"};
  const auto add = [&](const std::string& option, const std::string& value) {
    command.arguments.insert(command.arguments.end(), {option, value});
  };
  // They share the machine's network; addresses of their own let each listen on the same port.
  for (const std::string& host : hosts_of(spec))
    add("--add-host", host + ":127.0.1." + host.substr(host.find('-') + 1));
  add("--volume", place.folder.string() + ":" + kOptMl);
  if (spec.checkpoint_path.lexically_normal() != fs::path(kOptMl) / "checkpoints") {
    add("--volume", (place.folder / "checkpoints").string() + ":" + spec.checkpoint_path.string());
  }
  if (!place.cores.empty()) add("--cpuset-cpus", join(place.cores, ","));
  if (place.memory > 0) add("--memory", std::to_string(place.memory));
  if (!spec.entrypoint.empty()) add("--entrypoint", spec.entrypoint.front());
  pass_environment(spec, place, s3, command);
  add_machine(command.environment);
  command.arguments.push_back(spec.image);
  if (!spec.entrypoint.empty()) {
    command.arguments.insert(command.arguments.end(), spec.entrypoint.begin() + 1, spec.entrypoint.end());
  }
  const bool plain = spec.entrypoint.empty() && spec.arguments.empty();
  command.arguments.insert(command.arguments.end(), spec.arguments.begin(), spec.arguments.end());
  if (plain) command.arguments.push_back("train");
  command.after = {engine, "rm", "--force", "--volumes", name};
  return command;
}

void check_own(const JobSpec& spec) {
  require(spec.entrypoint.empty() && spec.arguments.empty(),
          "the image graft has no other entrypoint and no arguments: leave ContainerEntrypoint and ContainerArguments "
          "out");
  const fs::path checkpoints = spec.checkpoint_path / "";
  require(checkpoints.lexically_normal() == fs::path(kOptMl) / "checkpoints/",
          "the image graft keeps its checkpoints in /opt/ml/checkpoints: leave LocalPath out");
}

void check_container(const JobSpec& spec) {
  const std::string image = printable(spec.image).substr(0, kMaxImage);
  require(!spec.image.empty() && spec.image.front() != '-', "there is no image ", image);
  require(spec.checkpoint_path.is_absolute() && spec.checkpoint_path.string().find(':') == std::string::npos,
          "a checkpoint path begins with '/' and has no ':'");
}

}  // namespace

void check_program(const JobSpec& spec) {
  if (is_own(spec)) return check_own(spec);
  check_container(spec);
}

void check_engine(const JobSpec& spec, bool one_machine) {
  if (is_own(spec)) return;
  (void)engine_for(spec);
  require(one_machine || spec.instances == 1, "the image ", printable(spec.image).substr(0, kMaxImage),
          " runs in containers, and with the executor slurm graft runs those on one instance: give InstanceCount 1");
}

bool is_engines_own(const JobSpec& spec, int status) {
  return !is_own(spec) && status >= 125 && status <= 127;
}

Command program_of(const JobSpec& spec, const InstancePlace& place, const fs::path& programs, const S3Settings& s3) {
  Command command = is_own(spec) ? own_program(spec, place, programs, s3) : container(spec, place, s3);
  command.folder = place.folder;
  command.cores = place.cores;
  command.deadline = place.deadline;
  if (place.deadline == 0) command.runtime = static_cast<double>(spec.most_runtime.count());
  return command;
}

std::string note_on(const JobSpec& spec) {
  if (!is_own(spec)) return {};
  std::vector<std::string> left;
  for (const auto& [name, value] : spec.environment) {
    if (!is_for_own(name)) left.push_back(name);
  }
  if (left.empty()) return {};
  return text(
      "warning: the image graft reads no environment variable of a job's but TZ, LANG, LC_ALL, NO_COLOR and "
      "OMP_NUM_THREADS, and does not get ",
      join(left, ", "));
}

}  // namespace graft
