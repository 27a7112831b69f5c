#include "hosting/serving_command.h"

#include <poll.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "base/instance_type.h"
#include "base/log.h"
#include "base/machine.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

// Of this process's environment: what a program needs to run at all, and no secrets.
constexpr const char* kPassedOn[] = {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "LD_LIBRARY_PATH"};
// And what says how the container engine is set up.
constexpr const char* kForEngine[] = {"DOCKER_HOST", "XDG_RUNTIME_DIR", "CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF"};
// Of a variant's environment, what graft reads. The rest could only steer the libraries it is made of.
constexpr const char* kSettings[] = {"GRAFT_ANSWERS"};
constexpr std::uint16_t kPortInside = 8080;
constexpr std::chrono::milliseconds kLongestRemoval{60'000};

template <typename Names>
void pass_on(const Names& names, std::map<std::string, std::string>& environment) {
  for (const char* name : names) {
    if (const char* value = std::getenv(name)) environment[name] = value;
  }
}

std::map<std::string, std::string> environment_of_graft() {
  std::map<std::string, std::string> environment;
  pass_on(kPassedOn, environment);
  return environment;
}

std::map<std::string, std::string> environment_of_engine() {
  std::map<std::string, std::string> environment = environment_of_graft();
  pass_on(kForEngine, environment);
  return environment;
}

// What a program needs for pictures that are named as s3://.
void add_credentials(std::map<std::string, std::string>& environment, const std::string& region, const S3Settings& s3) {
  environment["AWS_REGION"] = environment["AWS_DEFAULT_REGION"] = region;
  environment["AWS_EC2_METADATA_DISABLED"] = "true";
  if (!s3.endpoint.empty()) environment["AWS_ENDPOINT_URL_S3"] = s3.endpoint;
  if (!s3.authorities.empty()) environment["AWS_CA_BUNDLE"] = s3.authorities.string();
  if (s3.access_key.empty()) return;
  environment["AWS_ACCESS_KEY_ID"] = s3.access_key;
  environment["AWS_SECRET_ACCESS_KEY"] = s3.secret_key;
  if (!s3.session_token.empty()) environment["AWS_SESSION_TOKEN"] = s3.session_token;
}

// A file, so that no secret is on a command line and nothing of it steers the engine itself.
void write_variables(const fs::path& file, const VariantSpec& variant, const std::string& region,
                     const S3Settings& s3) {
  std::map<std::string, std::string> inside = variant.environment;
  add_credentials(inside, region, s3);
  std::string content;
  for (const auto& [name, value] : inside) {
    require(text(name, value).find_first_of("\n\r") == std::string::npos && name.find('=') == std::string::npos,
            "the variable ", name, " has a line's end in it, which containers cannot be given");
    content += text(name, "=", value, "\n");
  }
  make_folder(file.parent_path());
  fs::permissions(file.parent_path(), fs::perms::owner_all);
  write_file(file, content);
}

}  // namespace

bool is_graft_image(std::string_view image) {
  return image == "graft";
}

std::vector<int> cores_of(const std::string& type) {
  static std::atomic<std::size_t> next = 0;
  const std::vector<int> all = cores_of_process();
  const auto wanted = static_cast<std::size_t>(type.empty() ? 0 : instance_type(type).cores);
  if (wanted == 0 || wanted >= all.size()) return {};
  // In turn, so that instances do not all take the first ones.
  std::vector<int> cores;
  for (const std::size_t begin = next.fetch_add(wanted); cores.size() < wanted;) {
    cores.push_back(all[(begin + cores.size()) % all.size()]);
  }
  return cores;
}

Program graft_program(const fs::path& programs, const GraftProgram& what, const VariantSpec& variant,
                      const std::string& region, const S3Settings& s3) {
  Program program{.command = {(programs / "graft").string(), "serve"}, .environment = environment_of_graft()};
  std::vector<std::string>& command = program.command;
  if (what.mode == GraftProgram::Mode::bundle) command.push_back(what.model.string());
  if (what.mode == GraftProgram::Mode::heads) {
    command.insert(command.end(), {"--backbone", what.model.string(), "--heads", what.heads.string()});
  }
  if (what.mode == GraftProgram::Mode::multi_model) {
    command.insert(command.end(), {"--multi-model", what.model.string()});
  }
  command.insert(command.end(), {"--host", "127.0.0.1", "--port", "0"});
  for (const char* name : kSettings) {
    const auto found = variant.environment.find(name);
    if (found != variant.environment.end()) program.environment.insert(*found);
  }
  add_credentials(program.environment, region, s3);
  program.cores = cores_of(variant.instance_type);
  program.hidden = what.hidden;
  // The program itself too: it may have been put beside the data.
  program.shown = {program.command.front(), what.model};
  if (!what.heads.empty()) program.shown.push_back(what.heads);
  if (!s3.authorities.empty()) program.shown.push_back(s3.authorities);
  return program;
}

Program container_program(const ContainerProgram& what, const VariantSpec& variant, const std::string& region,
                          const S3Settings& s3) {
  const std::optional<fs::path> engine = find_container_engine();
  if (!engine) {
    fail(Kind::unavailable, "the image ", variant.image,
         " is not one that graft answers for, and this machine has neither podman nor docker to run it");
  }
  require(!variant.image.empty() && variant.image.front() != '-', "the image ", variant.image, " is no image's name");
  // Who takes it away has asked it before to end, or was killed himself: the engine need not ask and wait again.
  Program program{.command = {engine->string(), "run", "--rm", "--name", what.name, "--stop-timeout", "0", "--publish",
                              text("127.0.0.1:", what.port, ":", kPortInside)},
                  .environment = environment_of_engine()};
  const auto add = [&](const std::string& option, const std::string& value) {
    program.command.insert(program.command.end(), {option, value});
  };
  if (!what.model.empty()) add("--volume", what.model.string() + ":/opt/ml/model:ro");
  const std::vector<int> cores = cores_of(variant.instance_type);
  if (!cores.empty()) add("--cpuset-cpus", join(cores, ","));
  const std::uint64_t memory = variant.instance_type.empty() ? 0 : instance_type(variant.instance_type).memory;
  if (memory > 0) add("--memory", std::to_string(memory));
  write_variables(what.variables, variant, region, s3);
  add("--env-file", what.variables.string());
  add(variant.image, "serve");
  return program;
}

void remove_containers(const std::vector<std::string>& names) {
  const std::optional<fs::path> engine = find_container_engine();
  if (!engine) return;
  Program program{.command = {engine->string(), "rm", "--force"}, .environment = environment_of_engine()};
  program.command.insert(program.command.end(), names.begin(), names.end());
  try {
    ChildProcess child(program);  // killed at its end
    pollfd ended{child.ended(), POLLIN, 0};
    require(::poll(&ended, 1, static_cast<int>(kLongestRemoval.count())) == 1, engine->string(), " did not end within ",
            kLongestRemoval.count() / 1000, " s");
  } catch (const Error& error) {
    spdlog::warn("the containers {} may be left: {}", join(names, ", "), error.what());
  }
}

}  // namespace graft
