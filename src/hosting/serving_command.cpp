#include "hosting/serving_command.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

// Of this process's environment: what a program needs to run at all, and no secrets.
constexpr const char* kPassedOn[] = {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "LD_LIBRARY_PATH"};
// Of a variant's environment, what graft reads. The rest could only steer the libraries it is made of.
constexpr const char* kSettings[] = {"GRAFT_ANSWERS"};
constexpr std::uint16_t kPortInside = 8080;

std::vector<int> cores_of_process() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cores;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return cores;
  for (int i = 0; i < CPU_SETSIZE; ++i) {
    if (CPU_ISSET(static_cast<std::size_t>(i), &set)) cores.push_back(i);
  }
  return cores;
}

// Of "medium", "large", "xlarge", "12xlarge"; 0 for what is none of them.
std::size_t cores_of_size(std::string_view size) {
  constexpr std::string_view kExtra = "xlarge";
  constexpr std::size_t kOfExtra = 4;
  if (size == "medium" || size == "large") return 2;
  if (size == kExtra) return kOfExtra;
  if (!size.ends_with(kExtra)) return 0;
  size.remove_suffix(kExtra.size());
  std::size_t times = 0;
  const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), times);
  return error == std::errc() && end == size.data() + size.size() && times <= 1000 ? kOfExtra * times : 0;
}

std::map<std::string, std::string> passed_on() {
  std::map<std::string, std::string> environment;
  for (const char* name : kPassedOn) {
    if (const char* value = std::getenv(name)) environment[name] = value;
  }
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

std::optional<fs::path> find_program(const char* name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path ? path : "/usr/local/bin:/usr/bin:/bin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const fs::path file = fs::path(folder) / name;
    if (!folder.empty() && ::access(file.c_str(), X_OK) == 0) return file;
  }
  return std::nullopt;
}

std::optional<fs::path> find_engine() {
  std::optional<fs::path> engine = find_program("podman");
  return engine ? engine : find_program("docker");
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
  write_file(file, content);
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
}

}  // namespace

bool is_graft_image(std::string_view image) {
  return image == "graft";
}

std::vector<int> cores_of(std::string_view instance_type) {
  static std::atomic<std::size_t> next = 0;
  const std::vector<int> all = cores_of_process();
  const std::size_t dot = instance_type.rfind('.');
  const std::size_t wanted = dot == std::string_view::npos ? 0 : cores_of_size(instance_type.substr(dot + 1));
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
  Program program{.command = {(programs / "graft").string(), "serve"}, .environment = passed_on()};
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
  return program;
}

Program container_program(const ContainerProgram& what, const VariantSpec& variant, const std::string& region,
                          const S3Settings& s3) {
  const std::optional<fs::path> engine = find_engine();
  if (!engine) {
    fail(Kind::unavailable, "the image ", variant.image,
         " is not one that graft answers for, and this machine has neither podman nor docker to run it");
  }
  require(!variant.image.empty() && variant.image.front() != '-', "the image ", variant.image, " is no image's name");
  Program program{.command = {engine->string(), "run", "--rm", "--name", what.name, "--publish",
                              text("127.0.0.1:", what.port, ":", kPortInside)},
                  .environment = passed_on()};
  if (!what.model.empty()) {
    program.command.insert(program.command.end(), {"--volume", what.model.string() + ":/opt/ml/model:ro"});
  }
  write_variables(what.variables, variant, region, s3);
  program.command.insert(program.command.end(), {"--env-file", what.variables.string(), variant.image, "serve"});
  return program;
}

void remove_container(const std::string& name) {
  const std::optional<fs::path> engine = find_engine();
  if (!engine) return;
  try {
    ChildProcess child({.command = {engine->string(), "rm", "--force", name}, .environment = passed_on()});
    child.wait();
  } catch (const Error& error) {
    spdlog::warn("the container {} may be left: {}", name, error.what());
  }
}

std::uint16_t free_port() {
  const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  const bool found = ::bind(socket.fd, any, size) == 0 && ::getsockname(socket.fd, any, &size) == 0;
  if (!found) fail(Kind::unavailable, "there is no free port: ", system_message());
  return ntohs(address.sin_port);
}

}  // namespace graft
