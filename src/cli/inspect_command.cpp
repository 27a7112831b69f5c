#include <fmt/format.h>

#include <iostream>
#include <memory>

#include "base/error.h"
#include "base/progress.h"
#include "bundle/bundle.h"
#include "cli/commands.h"
#include "cli/remote_paths.h"
#include "graph/surgery.h"
#include "zoo/checkpoint.h"
#include "zoo/import.h"

namespace graft {
namespace {

OrderedJson describe(const Bundle& bundle) {
  const Cost whole = cost(bundle.graph);
  OrderedJson out = {{"architecture", bundle.graph.architecture},
                     {"parameters", whole.parameters},
                     {"flops", 2 * whole.multiply_adds},
                     {"features", feature_length(bundle.graph)},
                     {"blocks", blocks(bundle.graph)},
                     {"labels", bundle.labels},
                     {"preprocess", to_json(bundle.preprocess)},
                     {"temperature", bundle.temperature},
                     {"precision", name_of(bundle.precision)},
                     {"precision_checks", to_json(bundle.precision_checks)},
                     {"calibrated", !bundle.activation_ranges.empty()},
                     {"metrics", bundle.metrics},
                     {"provenance", bundle.provenance}};
  return out;
}

OrderedJson describe(const Weights& weights) {
  OrderedJson tensors = OrderedJson::object();
  std::int64_t elements = 0;
  for (const auto& [name, tensor] : weights) {
    tensors[name] = {{"type", name_of(tensor.type)}, {"shape", tensor.shape}};
    elements += count(tensor.shape);
  }
  return {{"tensors", tensors}, {"elements", elements}};
}

void say_bundle(const Bundle& bundle) {
  const OrderedJson d = describe(bundle);
  const auto number = [&](const char* name) { return d[name].get<double>(); };
  std::cout << fmt::format("architecture  {}\nparameters    {:.2f} million\nFLOPs         {:.3f} billion an image\n",
                           d["architecture"].get<std::string>(), number("parameters") / 1e6, number("flops") / 1e9);
  std::cout << fmt::format("features      {}\nblocks        {}\n", d["features"].get<std::int64_t>(),
                           join(d["blocks"].get<std::vector<std::string>>(), " "));
  const auto labels = d["labels"].get<std::vector<std::string>>();
  std::cout << fmt::format("labels        {}: {}\n", labels.size(), join(labels, ", "));
  std::cout << fmt::format("preprocess    {}\ntemperature   {:.3f}\n", d["preprocess"].dump(), number("temperature"));
  std::cout << fmt::format("precision     {}\n", d["precision"].get<std::string>());
  for (const PrecisionCheck& check : bundle.precision_checks) {
    std::cout << fmt::format("  {} {}\n", passes(check) ? "passed:" : "failed:", describe(check));
  }
  if (!d["metrics"].empty()) std::cout << fmt::format("metrics       {}\n", d["metrics"].dump());
  if (!d["provenance"].empty()) std::cout << fmt::format("provenance    {}\n", d["provenance"].dump());
}

void say_weights(const OrderedJson& d) {
  for (const auto& [name, tensor] : d["tensors"].items()) {
    std::cout << fmt::format("{:<6} {:<22} {}\n", tensor["type"].get<std::string>(), tensor["shape"].dump(), name);
  }
  std::cout << fmt::format("{} tensors, {} elements\n", d["tensors"].size(), d["elements"].get<std::int64_t>());
}

void print(const OrderedJson& json) {
  std::cout << json.dump() << '\n';
}

void inspect(const std::filesystem::path& path, bool json) {
  if (!is_bundle(path)) {
    const OrderedJson weights = describe(read_checkpoint(path).weights);
    return json ? print(weights) : say_weights(weights);
  }
  const Bundle bundle = read_bundle(path);
  json ? print(describe(bundle)) : say_bundle(bundle);
}

struct ImportRequest {
  std::filesystem::path file, out;
  std::string architecture;
  bool backbone = false;
  bool bf16 = false;
};

// What was measured with other weights.
void forget_precision(Bundle& bundle) {
  bundle.precision = Precision::fp32;
  bundle.precision_checks.clear();
  bundle.activation_ranges.clear();
}

// What was measured of the whole stays in it: where a backbone comes from and how good it was there is worth knowing.
void keep_backbone(Bundle& bundle) {
  bundle.graph = backbone(bundle.graph);
  Weights kept;
  for (const WeightSpec& spec : weight_specs(bundle.graph)) kept[spec.name] = bundle.weights.at(spec.name);
  bundle.weights = std::move(kept);
  bundle.labels.clear();
  bundle.temperature = 1;
  forget_precision(bundle);
}

void import_file(const ImportRequest& options) {
  require(!is_bundle(options.out), options.out.string(), " holds a bundle already: remove it, or choose another --out");
  const bool whole = is_bundle(options.file);
  require(!whole || options.architecture.empty(), options.file.string(), " is a bundle, which says its architecture");
  Bundle bundle = whole ? read_bundle(options.file) : import_model(options.file, {options.architecture});
  if (options.backbone) keep_backbone(bundle);
  if (options.bf16) {
    for (auto& [name, tensor] : bundle.weights) tensor = convert(tensor, DType::bf16);
    forget_precision(bundle);
  }
  write_bundle(options.out, bundle);
  say_bundle(bundle);
}

}  // namespace

void add_inspect(CLI::App& app) {
  auto path = std::make_shared<std::filesystem::path>();
  auto json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("inspect", "Say what a bundle or a file of weights holds");
  command->add_option("path", *path, "A bundle, or weights (.safetensors, .pth, .h5)")
      ->required()
      ->type_name("BUNDLE|WEIGHTS");
  command->add_flag("--json", *json, "Print it as JSON");
  const auto remote = add_remote_paths(command);
  command->callback([path, json, remote] {
    if (*json) silence_progress();
    inspect(remote->model(*path), *json);
  });
}

void add_import(CLI::App& app) {
  auto options = std::make_shared<ImportRequest>();
  CLI::App* command = app.add_subcommand(
      "import", "Make a bundle of weights that another program trained, or of what is needed of a bundle");
  command
      ->add_option("file", options->file,
                   "Weights (.safetensors, .pth, .h5) of torchvision, timm or Keras; or a bundle")
      ->required()
      ->type_name("FILE|BUNDLE");
  command->add_option("--arch", options->architecture, "Architecture [recognised by the names of the weights]")
      ->type_name("NAME");
  command->add_flag("--backbone", options->backbone, "Leave the classifier out: a network to transfer from");
  command->add_flag("--bf16", options->bf16, "Keep the weights in bf16: half the size");
  command->add_option("--out", options->out, "The bundle to write")->required()->type_name("BUNDLE");
  const auto remote = add_remote_paths(command);
  command->callback([options, remote] {
    options->file = remote->model(options->file);
    options->out = remote->output(options->out);
    import_file(*options);
    remote->send();
  });
}

}  // namespace graft
