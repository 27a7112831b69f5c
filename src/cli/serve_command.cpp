#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "base/error.h"
#include "base/log.h"
#include "base/thread_pool.h"
#include "cli/commands.h"
#include "cli/precision_option.h"
#include "cli/remote_paths.h"
#include "infer/plan.h"
#include "serve/model_service.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

// SageMaker ends a container 30 seconds after it asked it to stop; what is being fetched by URL then takes ten at most.
constexpr std::chrono::seconds kPatience{18};

struct ServeOptions {
  std::optional<fs::path> bundle, backbone, heads, models;
  std::string host;
  int port = -1;
  // A batch has work for every core twice; what waits is four of them, so it waits as long on every machine.
  std::size_t most_pictures = std::max<std::size_t>(32, 2 * available_cores()), queue = 4 * most_pictures;
  double delay_ms = 0;
  std::optional<Precision> precision;
  std::string answers = "labels";
  std::optional<fs::path> certificate, key;
  bool private_urls = false;
};

std::string environment(const char* name, const std::string& otherwise) {
  const char* value = std::getenv(name);
  return value && *value ? value : otherwise;
}

// Where nothing is said of what to serve, it is what SageMaker has laid out: /opt/ml/model, or the models that it loads
// below /opt/ml/models, for all who reach the container.
void settle(ServeOptions& options) {
  const int given = (options.bundle ? 1 : 0) + (options.backbone ? 1 : 0) + (options.models ? 1 : 0);
  require(given <= 1, "serve either a BUNDLE, or --backbone with --heads, or --multi-model");
  const fs::path opt_ml = environment("GRAFT_OPT_ML", "/opt/ml");
  if (given == 0) {
    const std::string several = environment("SAGEMAKER_MULTI_MODEL", "false");
    const bool multi_model = several == "true" || several == "True" || several == "1";
    if (multi_model) options.models = opt_ml / "models";
    if (!multi_model) options.bundle = opt_ml / "model";
    require(multi_model || fs::is_directory(*options.bundle),
            "there is nothing to serve: name a BUNDLE, or --backbone and --heads, or --multi-model");
    if (options.host.empty()) options.host = "0.0.0.0";
  }
  if (options.host.empty()) options.host = "127.0.0.1";
  if (options.port >= 0) return;
  const std::string port = environment("SAGEMAKER_BIND_TO_PORT", "8080");
  char* end = nullptr;
  options.port = static_cast<int>(std::strtol(port.c_str(), &end, 10));
  require(*end == 0 && options.port > 0 && options.port < 65536, "SAGEMAKER_BIND_TO_PORT is ", port, ", not a port");
}

Precision choose_precision(const Bundle& bundle, std::optional<Precision> asked) {
  const Precision precision = precision_to_use(bundle, asked);
  const PrecisionCheck* check = find_check(bundle.precision_checks, precision);
  require(!check || passes(*check), bundle.graph.architecture, ": ", check ? describe(*check) : "",
          ", which is too far from fp32: answer in another --precision");
  return precision;
}

ModelServiceOptions service_options(const ServeOptions& options) {
  ModelServiceOptions service{.bundle = options.bundle, .backbone = options.backbone, .heads = options.heads};
  service.models.root = options.models.value_or("");
  service.models.trunk.most_pictures = options.most_pictures;
  service.models.trunk.delay = std::chrono::microseconds(static_cast<std::int64_t>(1000 * options.delay_ms));
  service.models.trunk.precision = [asked = options.precision](const Bundle& bundle) {
    return choose_precision(bundle, asked);
  };
  service.invocations.usual = options.answers == "labels" ? Form::labels : Form::probabilities;
  service.invocations.most_pictures = options.queue;
  service.invocations.fetch.private_addresses = options.private_urls;
  return service;
}

ServerOptions server_options(const ServeOptions& options) {
  constexpr std::size_t kCoresOfOneReader = 8;
  ServerOptions server{.address = options.host, .port = static_cast<std::uint16_t>(options.port)};
  server.threads = 1 + available_cores() / kCoresOfOneReader;
  if (options.certificate) server.tls = TlsFiles{*options.certificate, options.key.value()};
  return server;
}

// Waits until the process is asked to stop; whoever asks again ends it at once.
void wait_for_stop(const sigset_t& signals) {
  int signal = 0;
  ::sigwait(&signals, &signal);
  ::pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

void serve(ServeOptions options, const RemotePaths& remote) {
  settle(options);
  // Before the first thread, so that all leave them to this one.
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT}) ::sigaddset(&signals, signal);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);

  ModelService service(service_options(options));
  // It listens before it has loaded, and says so to who asks: a platform that starts it waits for /ping.
  Server server(server_options(options),
                [&service](Request request, Reply reply) { service.handle(std::move(request), std::move(reply)); });
  service.load();
  const fs::path& what = options.bundle ? *options.bundle : options.heads ? *options.heads : *options.models;
  const std::string host = options.host.find(':') == std::string::npos ? options.host : "[" + options.host + "]";
  std::cout << "serving " << remote.shown(what.string()) << " at " << (options.certificate ? "https" : "http") << "://"
            << host << ':' << server.port() << std::endl;
  wait_for_stop(signals);
  spdlog::info("stopping: no new requests, the ones that are here are answered");
  server.stop(kPatience);
}

}  // namespace

void add_serve(CLI::App& app) {
  auto options = std::make_shared<ServeOptions>();
  CLI::App* command =
      app.add_subcommand("serve", "Answer over HTTP; inside a SageMaker container, what is laid out there");
  command->add_option("bundle", options->bundle, "A model")->type_name("BUNDLE");
  auto* backbone = command->add_option("--backbone", options->backbone, "A model whose backbone many heads share");
  auto* heads = command->add_option("--heads", options->heads,
                                    "The heads on it: DIR/NAME.safetensors, DIR/NAME/head.safetensors");
  backbone->needs(heads)->type_name("BUNDLE");
  heads->needs(backbone)->type_name("DIR");
  command->add_option("--multi-model", options->models, "Let clients load models from below here")->type_name("DIR");
  command->add_option("--host", options->host, "The address to listen on; 0.0.0.0 for all [127.0.0.1]")
      ->type_name("ADDRESS");
  command->add_option("--port", options->port, "0 takes a free one [8080]")
      ->check(quiet(CLI::Range(0, 65535)))
      ->type_name("N");
  command->add_option("--max-batch", options->most_pictures, "Pictures that are computed together, at most")
      ->check(quiet(CLI::Range(1, 1024)))
      ->type_name("N")
      ->capture_default_str();
  command->add_option("--batch-delay", options->delay_ms, "How long a picture waits for others where it need not")
      ->check(quiet(CLI::Range(0.0, 10000.0)))
      ->type_name("MS")
      ->capture_default_str();
  command->add_option("--queue", options->queue, "Pictures in the house, at most; beyond it clients get a 503 at once")
      ->check(quiet(CLI::Range(1, 100000)))
      ->type_name("N")
      ->capture_default_str();
  command->add_option("--answers", options->answers, "What application/json means")
      ->check(quiet(CLI::IsMember({"labels", "probabilities"})))
      ->envname("GRAFT_ANSWERS")
      ->type_name("labels|probabilities")
      ->capture_default_str();
  add_precision(command, options->precision, "What to compute in [what the bundle records]");
  auto* certificate = command->add_option("--cert", options->certificate, "TLS: the certificate and its chain, PEM");
  auto* key = command->add_option("--key", options->key, "TLS: the certificate's key, PEM");
  certificate->needs(key)->type_name("FILE");
  key->needs(certificate)->type_name("FILE");
  command->add_flag("--allow-private-urls", options->private_urls,
                    "Fetch pictures from private and loopback addresses too");
  const auto remote = add_remote_paths(command);
  command->callback([options, remote] {
    if (options->models) refuse_remote(*options->models, "--multi-model");
    if (options->bundle) options->bundle = remote->model(*options->bundle);
    if (options->backbone) options->backbone = remote->model(*options->backbone);
    if (options->heads) options->heads = remote->images(*options->heads);
    serve(*options, *remote);
  });
}

}  // namespace graft
