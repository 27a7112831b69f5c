#include "hosting/launcher.h"

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/machine.h"
#include "hosting/multi_model.h"
#include "hosting/serving_command.h"
#include "hosting/unique_id.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

// Their files say which containers there are, so that those of a platform that was killed are taken away.
fs::path containers_of(const HostingOptions& options) {
  return options.folder / "containers";
}

// Processes are shared by models that want them started alike.
std::string settings_of(const VariantSpec& variant) {
  return Json{variant.environment, variant.instance_type}.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void remove_left_containers(const std::vector<fs::path>& known) {
  std::vector<std::string> names;
  for (const fs::path& file : known) names.push_back(file.filename().string());
  remove_containers(names);
  std::error_code error;
  for (const fs::path& file : known) fs::remove(file, error);
}

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) files.push_back(entry.path());
  return files;
}

}  // namespace

Launcher::Launcher(const HostingOptions& options, const HostingListener& listener, std::shared_ptr<Bell> bell)
    : options_(options),
      listener_(listener),
      bell_(std::move(bell)),
      cache_({.folder = options.folder / "models", .s3 = options.s3}),
      backbones_(options.folder / "heads", bell_) {
  // Beside all else: an engine takes its time, and no endpoint needs what these had.
  const std::vector<fs::path> left = files_in(containers_of(options_));
  if (!left.empty()) cleaning_ = std::thread([left] { remove_left_containers(left); });
}

Launcher::~Launcher() {
  if (cleaning_.joinable()) cleaning_.join();
}

FleetVariant Launcher::prepare(const EndpointSpec& endpoint, const VariantSpec& variant,
                               const ModelCache::Unwanted& unwanted) {
  const bool ours = is_graft_image(variant.image);
  require(!variant.multi_model || ours, "the image ", variant.image,
          " serves many models only where it is graft's: deploy them one by one");
  require(!ours || !variant.model_uri.empty(), "the model ", variant.model, " has no model data");
  FleetVariant prepared{.spec = variant};
  std::string version = variant.model_uri;
  if (!variant.multi_model && !variant.model_uri.empty()) {
    const ModelVersion found = cache_.find(endpoint.account, variant.model_uri);
    prepared.model = cache_.get(found, unwanted);
    version = found.key;
  }
  prepared.serving = Json{version, variant.image, variant.environment, variant.instance_type, variant.multi_model}.dump(
      -1, ' ', false, Json::error_handler_t::replace);
  return prepared;
}

ServingProgram Launcher::program_of(const EndpointSpec& endpoint, const VariantSpec& variant,
                                    const Instance& instance) const {
  ServingProgram serving{.name = text(endpoint.name, "/", variant.name, "/", instance.id)};
  if (listener_.log) {
    serving.log = [&listener = listener_, account = endpoint.account, name = endpoint.name, part = variant.name,
                   id = instance.id](const std::vector<std::string>& lines) {
      try {
        listener.log(account, name, part, id, lines);
      } catch (const std::exception& error) {
        spdlog::error("{} lines of {} were not kept: {}", lines.size(), name, error.what());
      }
    };
  }
  return serving;
}

InstancePointer Launcher::launch(const EndpointSpec& endpoint, const FleetVariant& variant, std::size_t number) {
  auto instance = std::make_shared<Instance>();
  instance->id = instance_id();
  instance->model = variant.model;
  if (!is_graft_image(variant.spec.image)) {
    launch_container(endpoint, variant, *instance);
    return instance;
  }
  if (const std::optional<SharedHead> head = variant.model ? find_head(*variant.model) : std::nullopt) {
    ServingProgram serving = program_of(endpoint, variant.spec, *instance);
    const auto program = [&](const fs::path& backbone, const fs::path& heads) {
      return graft_program(options_.programs, {GraftProgram::Mode::heads, backbone, heads, options_.hidden},
                           variant.spec, endpoint.region, options_.s3(endpoint.account));
    };
    backbones_.join(*instance, {.account = endpoint.account,
                                .head = *head,
                                .name = variant.spec.model,
                                .settings = settings_of(variant.spec),
                                .number = number,
                                .log = serving.log,
                                .program = program});
    return instance;
  }
  launch_graft(endpoint, variant, *instance);
  return instance;
}

void Launcher::launch_graft(const EndpointSpec& endpoint, const FleetVariant& variant, Instance& instance) {
  const VariantSpec& spec = variant.spec;
  GraftProgram what;
  if (spec.multi_model) {
    what = {.mode = GraftProgram::Mode::multi_model, .model = cache_.folder_of(endpoint.account)};
    fs::create_directories(what.model);
    instance.models = std::make_shared<MultiModel>(cache_, endpoint.account, spec.model_uri);
  } else {
    what.model = variant.model->folder;
  }
  what.hidden = options_.hidden;
  ServingProgram serving = program_of(endpoint, spec, instance);
  serving.program = graft_program(options_.programs, what, spec, endpoint.region, options_.s3(endpoint.account));
  instance.process = std::make_shared<ServingProcess>(std::move(serving), bell_);
}

void Launcher::launch_container(const EndpointSpec& endpoint, const FleetVariant& variant, Instance& instance) {
  const std::string name = "graft-" + instance.id;
  const fs::path variables = containers_of(options_) / name;
  ServingProgram serving = program_of(endpoint, variant.spec, instance);
  serving.port = find_free_port();
  serving.program = container_program({.name = name,
                                       .port = serving.port,
                                       .model = variant.model ? variant.model->folder : fs::path(),
                                       .variables = variables},
                                      variant.spec, endpoint.region, options_.s3(endpoint.account));
  // Known until nothing of the container can be left.
  const std::shared_ptr<const fs::path> known(new fs::path(variables), [](const fs::path* file) {
    std::error_code error;
    fs::remove(*file, error);
    delete file;
  });
  // Who ends the engine's client has not ended the container.
  serving.ended = [name, known] { remove_containers({name}); };
  instance.process = std::make_shared<ServingProcess>(std::move(serving), bell_);
}

}  // namespace graft
