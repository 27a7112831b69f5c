// DIR/platform.json     the lock, and what the platform says of itself
// DIR/identity/         users, keys, roles, the audit log; only its owner can look inside
// DIR/objects/          buckets and objects
// DIR/watch/            logs and metrics
// DIR/sagemaker/        records, jobs, endpoints
// DIR/ecr/              names of image repositories
// DIR/local_port        where its own jobs find it
#include "control/platform.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <map>
#include <mutex>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/thread_pool.h"
#include "control/ecr.h"
#include "control/identity_services.h"
#include "control/platform_gate.h"
#include "control/platform_keys.h"
#include "control/platform_lock.h"
#include "control/platform_pages.h"
#include "control/platform_service.h"
#include "control/sagemaker.h"
#include "http/workers.h"
#include "s3/call.h"
#include "watch/logs_service.h"
#include "watch/metrics_service.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kPatience{10};
// Objects have threads of their own: jobs and models wait for objects, and must not take the last thread that gives
// them.
constexpr std::size_t kObjectThreads = 256, kCallThreads = 64, kRuntimeThreads = 256;

std::string with_brackets(const std::string& address) {
  return address.find(':') == std::string::npos ? address : '[' + address + ']';
}

// What a client of this machine can connect to, where the address stands for all.
std::string reachable(const std::string& address) {
  if (address == "0.0.0.0") return "127.0.0.1";
  return address == "::" ? "::1" : address;
}

// The port of the last time, so that jobs that went on meanwhile find the platform again.
std::uint16_t last_port(const fs::path& file) {
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return 0;
  const std::string words = read_text(file, 100);
  std::uint16_t port = 0;
  std::from_chars(words.data(), words.data() + words.size(), port);
  return port;
}

std::unique_ptr<Server> listen_locally(const fs::path& folder, const ExchangeHandler& handler) {
  const fs::path file = folder / "local_port";
  ServerOptions options{.port = last_port(file), .threads = 1};
  std::unique_ptr<Server> server;
  try {
    server = std::make_unique<Server>(options, handler);
  } catch (const Error& error) {
    if (options.port == 0) throw;
    spdlog::warn("{}; jobs that run since before will not find this platform", error.what());
    options.port = 0;
    server = std::make_unique<Server>(options, handler);
  }
  write_file(file, std::to_string(server->port()) + '\n');
  return server;
}

}  // namespace

struct Platform::State {
  explicit State(const PlatformOptions& given);
  ~State();

  void take(const std::shared_ptr<Exchange>& exchange);
  Response own_page(const Request& request) const;
  SageMakerOptions sagemaker_options();
  void start();

  // In the order in which each uses those before it.
  const PlatformOptions options;
  PlatformLock lock;
  Identity identity;
  PlatformKeys keys{identity};
  std::optional<Admin> admin = admin_of(identity);
  ObjectService objects;
  Logs logs;
  Metrics watched;
  Alarms alarms;
  ImageRepositories repositories;
  PlatformMetrics metrics{};
  Gate gate{};  // to all but the objects
  std::unique_ptr<SageMaker> sagemaker{};
  PlatformServices services;
  Workers object_workers{kObjectThreads}, call_workers{kCallThreads}, runtime_workers{kRuntimeThreads};
  ExchangeHandler at_objects, at_calls, at_runtime;
  std::unique_ptr<Server> local{}, server{};

  static std::optional<Admin> admin_of(Identity& identity);
};

std::optional<Platform::Admin> Platform::State::admin_of(Identity& identity) {
  const std::vector<AccessKey> all = identity.keys();
  if (all.empty()) {
    const AccessKey key = identity.add_key("admin");
    return Admin{key.access_key, key.secret_key, true};
  }
  for (const AccessKey& key : all) {
    if (key.user == "admin" && !key.revoked) return Admin{key.access_key, key.secret_key, false};
  }
  return std::nullopt;
}

Platform::State::State(const PlatformOptions& given)
    : options(given),
      lock(given.folder),
      identity(given.folder / "identity"),
      objects({.folder = given.folder / "objects", .domain = given.domain, .identity = &identity}),
      logs(given.folder / "watch"),
      watched(given.folder / "watch"),
      alarms(given.folder / "watch", watched),
      repositories(given.folder / "ecr"),
      services{.identity = identity, .metrics = metrics} {
  services.objects = [this](SignedExchange& exchange) { return objects.serve(exchange); };
  services.own = [this](const Request& request) { return own_page(request); };
  // A path names a bucket where the key is not the whole of it.
  services.admission.bucket_in_host = [domain = options.domain](const Request& request) {
    const s3::Address address = s3::address_of(request, domain);
    return request.path == '/' + address.key ? address.bucket : std::string();
  };
  const auto serve_call = [this](const std::shared_ptr<Exchange>& exchange) {
    const Gate::Entry entry(gate);
    if (entry) return serve(services, exchange);
    exchange->answer(error_response(503, "ServiceUnavailable: the platform starts or ends; try again"));
  };
  at_objects = on_workers(object_workers, [this](const auto& exchange) {
    if (const auto next = objects.across_origins(exchange)) serve(services, next);
  });
  at_calls = on_workers(call_workers, serve_call);
  at_runtime = on_workers(runtime_workers, serve_call);
  start();
}

SageMakerOptions Platform::State::sagemaker_options() {
  SageMakerOptions made{.folder = options.folder / "sagemaker",
                        .programs = options.programs,
                        .executor = options.executor,
                        .cores = options.cores};
  made.s3 = [this](const std::string& account) {
    const AccessKey key = keys.of(account);
    S3Settings settings{.endpoint = "http://127.0.0.1:" + std::to_string(local->port())};
    settings.access_key = key.access_key;
    settings.secret_key = key.secret_key;
    return settings;
  };
  made.in_alarm = [this](const std::string& account, const std::string& name) {
    return alarms.in_alarm(account, name);
  };
  return made;
}

void Platform::State::start() {
  const ExchangeHandler handler = [this](const std::shared_ptr<Exchange>& exchange) { take(exchange); };
  local = listen_locally(options.folder, handler);
  sagemaker = std::make_unique<SageMaker>(sagemaker_options(), logs, watched);
  const aws::Service cloudwatch = metrics_service(watched, alarms);
  services.json = {sagemaker->service(), logs_service(logs), cloudwatch, repositories.service()};
  services.query = {query_service(sts_service(identity), kStsVersion, kStsXml),
                    query_service(iam_service(identity), kIamVersion, kIamXml),
                    {"monitoring", [cloudwatch](const Caller& caller, const Request& request) {
                       return serve_metrics(cloudwatch, caller, request);
                     }}};
  services.runtime = [this](const Caller& caller, Exchange& exchange) { return sagemaker->invoke(caller, exchange); };
  gate.open();
  ServerOptions listen{.address = options.address, .port = options.port, .tls = options.tls};
  listen.threads = 1 + available_cores() / 4;
  listen.most_connections = 4096;
  server = std::make_unique<Server>(listen, handler);
}

Platform::State::~State() {
  if (server) server->stop(kPatience);
  // Calls and jobs end before the objects that they read and write do.
  gate.close();
  sagemaker.reset();
  if (local) local->stop(kPatience);
}

void Platform::State::take(const std::shared_ptr<Exchange>& exchange) {
  switch (route_of(services, exchange->request()).door) {
    case Door::own:
    case Door::objects:
      return at_objects(exchange);
    case Door::json:
    case Door::query:
      return at_calls(exchange);
    case Door::runtime:
      return at_runtime(exchange);
  }
}

Response Platform::State::own_page(const Request& request) const {
  return platform_page(request,
                       {.ready = gate.is_open(), .identity = identity, .metrics = metrics, .watched = watched});
}

Platform::Platform(const PlatformOptions& options) : state_(std::make_unique<State>(options)) {
  state_->lock.listens(url(), "http://127.0.0.1:" + std::to_string(state_->local->port()));
}

Platform::~Platform() = default;

std::uint16_t Platform::port() const {
  return state_->server->port();
}

std::string Platform::url() const {
  const PlatformOptions& options = state_->options;
  const std::string host = options.domain.empty() ? with_brackets(reachable(options.address)) : options.domain;
  return text(options.tls ? "https" : "http", "://", host, ':', port());
}

std::optional<Platform::Admin> Platform::admin() const {
  return state_->admin;
}

}  // namespace graft
