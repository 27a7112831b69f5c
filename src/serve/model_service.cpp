#include "serve/model_service.h"

#include <algorithm>
#include <array>
#include <atomic>

#include "base/error.h"
#include "base/json.h"
#include "base/thread_pool.h"
#include "serve/memory.h"
#include "serve/pages.h"

namespace graft {
namespace {

constexpr std::size_t kModelsOnAPage = 100;
constexpr char kJson[] = "application/json";

Response json_response(const OrderedJson& json) {
  return {.status = 200, .content_type = kJson, .body = json.dump() + "\n"};
}

Response failed_response(const std::exception& error) {
  const auto* known = dynamic_cast<const Error*>(&error);
  if (known && known->code() == kNotAcceptable) return error_response(406, known->what());
  if (known && known->code() == kNoMemory) return error_response(507, known->what());
  if (dynamic_cast<const std::bad_alloc*>(&error)) return error_response(507, "there is not enough memory");
  return error_response(error);
}

OrderedJson describe(const Model& model) {
  return {{"modelName", model.name}, {"modelUrl", model.source.string()}, {"labels", model.labels().size()}};
}

// What a path asks for: "/models/cats/invoke" is {"/models/{name}/invoke", "cats"}.
struct Asked {
  std::string route;
  std::string name{};
};

Asked asked_by(const std::string& path) {
  static constexpr std::string_view kModels = "/models/", kInvoke = "/invoke";
  if (!path.starts_with(kModels) || path == kModels) return {path};
  std::string name = path.substr(kModels.size());
  const bool invokes = name.ends_with(kInvoke);
  if (invokes) name.resize(name.size() - kInvoke.size());
  return {invokes ? "/models/{name}/invoke" : "/models/{name}", std::move(name)};
}

}  // namespace

struct ModelService::State {
  explicit State(ModelServiceOptions given) : options(std::move(given)) {
    options.models.trunk.observe = [this](const BatchTimes& batch) { metrics.computed(batch); };
    models.emplace(options.models);
    invocations.emplace(options.invocations, metrics);
  }

  using Call = void (State::*)(const Asked& asked, Request& request, const Reply& reply);
  struct Route {
    std::string_view path, method;
    Call call;
  };
  static const std::array<Route, 12> kRoutes;

  void page(const Asked&, Request&, const Reply& reply);
  void ping(const Asked&, Request&, const Reply& reply);
  void invoke(const Asked& asked, Request& request, const Reply& reply);
  void execution_parameters(const Asked&, Request&, const Reply& reply);
  void metrics_text(const Asked&, Request&, const Reply& reply);
  void list_models(const Asked&, Request& request, const Reply& reply);
  void load_model(const Asked&, Request& request, const Reply& reply);
  void show_model(const Asked& asked, Request&, const Reply& reply);
  void replace_model(const Asked& asked, Request& request, const Reply& reply);
  void unload_model(const Asked& asked, Request&, const Reply& reply);

  void find_route(Request& request, const Reply& reply, std::string& name);
  // On a thread of its own: loading takes seconds.
  void change_models(const Reply& reply, std::function<std::string()> work);

  ModelServiceOptions options;
  ServingMetrics metrics;
  std::atomic<bool> ready = false;
  std::optional<Models> models;
  std::optional<Invocations> invocations;
  ThreadPool changes{1};
};

const std::array<ModelService::State::Route, 12> ModelService::State::kRoutes{{
    {"/", "GET", &State::page},
    {"/", "HEAD", &State::page},
    {"/ping", "GET", &State::ping},
    {"/invocations", "POST", &State::invoke},
    {"/execution-parameters", "GET", &State::execution_parameters},
    {"/metrics", "GET", &State::metrics_text},
    {"/models", "GET", &State::list_models},
    {"/models", "POST", &State::load_model},
    {"/models/{name}", "GET", &State::show_model},
    {"/models/{name}", "POST", &State::replace_model},
    {"/models/{name}", "DELETE", &State::unload_model},
    {"/models/{name}/invoke", "POST", &State::invoke},
}};

ModelService::ModelService(ModelServiceOptions options) : state_(std::make_unique<State>(std::move(options))) {}
ModelService::~ModelService() = default;

void ModelService::load() {
  const ModelServiceOptions& options = state_->options;
  if (options.bundle) state_->models->serve(*options.bundle);
  if (options.backbone) state_->models->serve_heads(*options.backbone, options.heads.value());
  state_->models->watch();
  state_->ready = true;
}

void ModelService::handle(Request request, Reply reply) {
  // Filled before anything can answer.
  const auto route = std::make_shared<std::string>("other");
  const Reply counted = [this, route, reply = std::move(reply)](Response response) {
    state_->metrics.request(*route, response.status);
    reply(std::move(response));
  };
  try {
    state_->find_route(request, counted, *route);
  } catch (const std::exception& error) {
    counted(failed_response(error));
  }
}

void ModelService::State::find_route(Request& request, const Reply& reply, std::string& name) {
  const Asked asked = asked_by(request.path);
  std::vector<std::string_view> methods;
  for (const Route& route : kRoutes) {
    if (route.path != asked.route) continue;
    name = route.path;
    if (route.method == request.method) return (this->*route.call)(asked, request, reply);
    methods.push_back(route.method);
  }
  if (methods.empty()) return reply(error_response(404, "there is nothing at " + request.path.substr(0, 200)));
  const std::string allowed = join(methods, ", ");
  Response response = error_response(405, text(request.path.substr(0, 200), " takes ", allowed));
  response.headers.emplace_back("Allow", allowed);
  reply(std::move(response));
}

void ModelService::State::page(const Asked&, Request&, const Reply& reply) {
  // The page needs nothing but this server, and says so to the browser.
  reply({.status = 200,
         .content_type = "text/html; charset=utf-8",
         .body = std::string(page_html()),
         .headers = {{"Content-Security-Policy",
                      "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src 'self' blob: "
                      "data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
                     {"X-Content-Type-Options", "nosniff"},
                     {"Cache-Control", "no-cache"}}});
}

void ModelService::State::ping(const Asked&, Request&, const Reply& reply) {
  if (!ready) return reply(full_response("the model is being loaded"));
  reply({.status = 200, .content_type = kJson, .body = "\n"});
}

void ModelService::State::invoke(const Asked& asked, Request& request, const Reply& reply) {
  if (!ready) return reply(full_response("the model is being loaded"));
  std::string name = asked.name;
  if (name.empty()) name = find_header(request.headers, "X-Amzn-SageMaker-Target-Model").value_or("");
  invocations->begin(models->find(name), std::move(request), reply);
}

void ModelService::State::execution_parameters(const Asked&, Request&, const Reply& reply) {
  // A transform job keeps so many requests on their way; times the payload it may not be more than 100 MB.
  constexpr std::size_t kPayload = 6;
  const std::size_t transforms = std::min({2 * available_cores(), 100 / kPayload, options.invocations.most_pictures});
  reply(json_response(
      {{"MaxConcurrentTransforms", transforms}, {"BatchStrategy", "SINGLE_RECORD"}, {"MaxPayloadInMB", kPayload}}));
}

void ModelService::State::metrics_text(const Asked&, Request&, const Reply& reply) {
  reply({.status = 200,
         .content_type = "text/plain; version=0.0.4; charset=utf-8",
         .body = metrics.text({invocations->pictures(), models->size(), resident_bytes()})});
}

void ModelService::State::list_models(const Asked&, Request& request, const Reply& reply) {
  const auto token = request.query.find("next_page_token");
  const auto page = models->list(token == request.query.end() ? "" : token->second, kModelsOnAPage + 1);
  OrderedJson json = {{"models", OrderedJson::array()}};
  for (std::size_t i = 0; i < std::min(page.size(), kModelsOnAPage); ++i) json["models"].push_back(describe(*page[i]));
  if (page.size() > kModelsOnAPage) json["nextPageToken"] = page[kModelsOnAPage - 1]->name;
  reply(json_response(json));
}

void ModelService::State::show_model(const Asked& asked, Request&, const Reply& reply) {
  require(!asked.name.empty(), "name a model");
  reply(json_response(describe(*models->find(asked.name))));
}

void ModelService::State::change_models(const Reply& reply, std::function<std::string()> work) {
  changes.submit([reply, work = std::move(work)] {
    try {
      reply(json_response({{"status", work()}}));
    } catch (const std::exception& error) {
      reply(failed_response(error));
    }
  });
}

void ModelService::State::load_model(const Asked&, Request& request, const Reply& reply) {
  const Json json = parse_json(as_text(request.body), "the body");
  const auto name = field<std::string>(json, "model_name", "the body");
  const auto url = field<std::string>(json, "url", "the body");
  change_models(reply, [this, name, url] {
    models->load(name, url);
    return "the model " + name + " is loaded";
  });
}

void ModelService::State::replace_model(const Asked& asked, Request& request, const Reply& reply) {
  std::optional<std::filesystem::path> folder;
  if (!request.body.empty()) {
    folder = field<std::string>(parse_json(as_text(request.body), "the body"), "url", "the body");
  }
  change_models(reply, [this, name = asked.name, folder] {
    models->replace(name, folder);
    return "the model " + name + " is replaced";
  });
}

void ModelService::State::unload_model(const Asked& asked, Request&, const Reply& reply) {
  change_models(reply, [this, name = asked.name] {
    models->unload(name);
    return "the model " + name + " is unloaded";
  });
}

}  // namespace graft
