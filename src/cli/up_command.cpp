#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <iostream>
#include <map>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/platform_option.h"
#include "cli/service_manager.h"
#include "control/platform.h"
#include "control/platform_lock.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMostConfig = 64 << 10;

struct UpOptions {
  fs::path data = usual_data_folder();
  std::optional<fs::path> config{}, certificate{}, key{};
  std::string address = "127.0.0.1", domain{}, executor = "local";
  int port = 9000, cores = 0;
  bool detach = false;
};

std::string_view trimmed(std::string_view words) {
  const std::size_t begin = std::min(words.find_first_not_of(" \t\r"), words.size());
  words.remove_prefix(begin);
  return words.substr(0, words.find_last_not_of(" \t\r") + 1);
}

// "NAME = VALUE" of a file, whose place `at` says: an option, unless the command line says it.
void set_option(CLI::App& command, std::string_view line, const std::string& at) {
  const std::size_t equals = line.find('=');
  require(equals != std::string_view::npos, at, "\"", line.substr(0, 80), "\" is no NAME = VALUE");
  const std::string name(trimmed(line.substr(0, equals))), value(trimmed(line.substr(equals + 1)));
  CLI::Option* option = name == "config" || name == "detach" ? nullptr : command.get_option_no_throw("--" + name);
  require(option != nullptr && name != "help", at, name.substr(0, 80),
          " is no option that a file can set: `graft up --help` lists them");
  if (option->count() > 0) return;
  require(!value.empty(), at, name, " has no value");
  try {
    option->add_result(value);
    option->run_callback();
  } catch (const CLI::ParseError& error) {
    fail(Kind::invalid, at, error.what());
  }
}

// What the command line does not say, the file may: lines NAME = VALUE with the names of the options. Empty lines and
// those that begin with # say nothing.
void read_config(CLI::App& command, const fs::path& file) {
  std::istringstream lines(read_text(file, kMostConfig));
  std::map<std::string, int, std::less<>> seen;
  int number = 0;
  for (std::string text_of_line; std::getline(lines, text_of_line);) {
    const std::string_view line = trimmed(text_of_line);
    const std::string at = text(file.string(), ':', ++number, ": ");
    if (line.empty() || line[0] == '#') continue;
    const auto [before, first] = seen.emplace(trimmed(line.substr(0, line.find('='))), number);
    require(first, at, before->first.substr(0, 80), " was set in line ", before->second, " already");
    set_option(command, line, at);
  }
  const auto given = [&](const char* name) { return command.get_option(name)->count() > 0; };
  require(given("--cert") == given("--key"), file.string(), ": TLS needs both, cert and key");
}

PlatformOptions platform_options(const UpOptions& options) {
  PlatformOptions platform{.folder = fs::absolute(options.data),
                           .programs = fs::read_symlink("/proc/self/exe").parent_path(),
                           .address = options.address,
                           .port = static_cast<std::uint16_t>(options.port),
                           .domain = options.domain,
                           .executor = options.executor,
                           .cores = options.cores};
  if (options.certificate) platform.tls = TlsFiles{*options.certificate, options.key.value()};
  return platform;
}

std::string exports(const Platform::Admin& admin, const std::string& url) {
  return text("export AWS_ENDPOINT_URL=", url, "\nexport AWS_ACCESS_KEY_ID=", admin.access_key,
              "\nexport AWS_SECRET_ACCESS_KEY=", admin.secret_key, "\nexport AWS_DEFAULT_REGION=us-east-1\n");
}

// What people paste at the first start, and find in a file of their own later.
std::string greeting(const Platform& platform, const fs::path& data) {
  std::string words = text("graft is up at ", platform.url(), ", its state is in ", data.string(), '\n');
  const auto admin = platform.admin();
  if (!admin) return words;
  const fs::path file = data / "identity" / "admin.env";  // in a folder that only its owner can look into
  write_file(file, exports(*admin, platform.url()));
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
  if (admin->made_now)
    return words + "\n" + exports(*admin, platform.url()) + text("\nThese lines are in ", file.string(), '\n');
  return words + text("The administrator's key: source ", file.string(), '\n');
}

void warn_of_strangers(const UpOptions& options) {
  const bool near = options.address == "127.0.0.1" || options.address == "::1" || options.address == "localhost";
  if (near || options.certificate) return;
  spdlog::warn("{} is reached from other machines, and without --cert and --key everything is read on the way",
               options.address);
}

// Until the process is asked to stop. `tell` is given the greeting.
void run(const UpOptions& options, const std::function<void(const std::string&)>& tell) {
  // Before the first thread, so that all leave them to this one.
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT}) ::sigaddset(&signals, signal);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  const PlatformOptions settings = platform_options(options);
  const Platform platform(settings);
  warn_of_strangers(options);
  tell(greeting(platform, settings.folder));
  tell_service_manager("READY=1");
  int signal = 0;
  ::sigwait(&signals, &signal);
  ::pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);  // who asks again ends it at once
  tell_service_manager("STOPPING=1");
  spdlog::info("stopping: requests that are here are answered, training jobs go on");
}

// In a process of its own, without a terminal. Returns when it listens.
void run_detached(const UpOptions& options) {
  const fs::path log = fs::absolute(options.data) / "graft.log";
  make_platform_folder(log.parent_path());
  const Descriptor output(::open(log.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
  const Descriptor nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  int ends[2];
  if (output.fd < 0 || nothing.fd < 0 || ::pipe2(ends, O_CLOEXEC) != 0) {
    fail(Kind::unavailable, log.string(), ": ", system_message());
  }
  const Descriptor read_end(ends[0]);
  auto write_end = std::make_unique<Descriptor>(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) fail(Kind::unavailable, "cannot start a process: ", system_message());
  if (child == 0) {
    ::setsid();
    ::dup2(nothing.fd, 0);
    ::dup2(output.fd, 1);
    ::dup2(output.fd, 2);
    run(options, [&](const std::string& words) {
      if (::write(write_end->fd, words.data(), words.size()) < 0) spdlog::warn("who started it is gone");
      write_end.reset();
    });
    return;
  }
  write_end.reset();
  std::string words;
  char buffer[4096];
  for (ssize_t size; (size = ::read(read_end.fd, buffer, sizeof buffer)) > 0;)
    words.append(buffer, static_cast<std::size_t>(size));
  if (words.empty()) fail(Kind::unavailable, "graft did not come up; ", log.string(), " says why");
  std::cout << words << "graft down --data " << options.data.string() << " ends it; its log is " << log.string()
            << '\n';
}

void up(UpOptions& options, CLI::App& command) {
  if (options.config) read_config(command, *options.config);
  if (options.detach) return run_detached(options);
  run(options, [](const std::string& words) { std::cout << words << std::flush; });
}

}  // namespace

void add_up(CLI::App& app) {
  auto options = std::make_shared<UpOptions>();
  CLI::App* command = app.add_subcommand("up", "Start the platform: S3, SageMaker and their kin on one port");
  add_data(*command, options->data);
  command->add_option("--address", options->address, "The address to listen on; 0.0.0.0 for all [127.0.0.1]")
      ->type_name("ADDRESS");
  command->add_option("--port", options->port, "The port to listen on; 0 takes a free one [9000]")
      ->check(quiet(CLI::Range(0, 65535)))
      ->type_name("N");
  auto* certificate = command->add_option("--cert", options->certificate, "TLS: the certificate and its chain, PEM");
  auto* key = command->add_option("--key", options->key, "TLS: the certificate's key, PEM");
  certificate->needs(key)->type_name("FILE");
  key->needs(certificate)->type_name("FILE");
  command
      ->add_option("--domain", options->domain,
                   "The name that clients call it by; BUCKET.NAME are then addresses of buckets too")
      ->type_name("NAME");
  command->add_option("--executor", options->executor, "Where training jobs run [local]")
      ->check(quiet(CLI::IsMember({"local", "slurm"})))
      ->type_name("local|slurm");
  command->add_option("--cores", options->cores, "Cores of this machine that training jobs may have [all]")
      ->check(quiet(CLI::Range(0, 4096)))
      ->type_name("N");
  command->add_flag("--detach", options->detach, "Go on in the background; returns when it is up");
  command->add_option("--config", options->config, "A file with lines NAME = VALUE for the options above")
      ->check(quiet(CLI::ExistingFile))
      ->type_name("FILE");
  command->footer(
      "The first start prints four lines to paste where AWS's tools are used; later they are in\n"
      "DIR/identity/admin.env. `graft down` ends it, `graft user add` lets others in; docs/platform.md says more.");
  command->callback([options, command] { up(*options, *command); });
}

}  // namespace graft
