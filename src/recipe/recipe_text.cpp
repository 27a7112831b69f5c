#include "recipe/recipe_text.h"

#include <map>

#include "base/file.h"
#include "base/json.h"

namespace graft {
namespace {

constexpr std::uint64_t kMaxBytes = 1 << 20;
constexpr int kMinSize = 16, kMaxSize = 1024;  // pixels, as --size

// ResNet-50 on ImageNet as usual (Goyal et al., 2017): a rate of 0.1 for 256 images, which is 0.025 for the 64 of one
// rank, and a warm-up of 5 epochs. The cosine has no drops whose epochs are tuned for 90, and ends at 0 after any
// number; on ImageNet it is no worse than steps (He et al., "Bag of tricks", 2018).
constexpr const char* kImagenet48 = R"({
  "architecture": "resnet50",
  "size": 224,
  "epochs": 48,
  "batch": 64,
  "optimizer": "sgd",
  "learning_rate": 0.025,
  "momentum": 0.9,
  "weight_decay": 0.0001,
  "schedule": "cosine",
  "warm_up_epochs": 5,
  "label_smoothing": 0.1,
  "augmentation": "standard"
})";

// A first result soon: a small network, small pictures, few epochs.
constexpr const char* kQuick = R"({
  "architecture": "resnet18",
  "size": 64,
  "epochs": 5,
  "batch": 64,
  "optimizer": "adamw",
  "learning_rate": 0.003,
  "weight_decay": 0.05,
  "schedule": "one_cycle",
  "label_smoothing": 0.1,
  "augmentation": "standard"
})";

const std::map<std::string, const char*>& recipes() {
  static const std::map<std::string, const char*> table{{"imagenet-48", kImagenet48}, {"quick", kQuick}};
  return table;
}

void check(const RecipeText& recipe) {
  const Json json = parse_json(recipe.json, recipe.source);
  settings_from_json(training_fields(recipe), {}, recipe.source);
  if (json.contains("architecture")) {
    require(json.at("architecture").is_string(), recipe.source,
            ": the field \"architecture\" is not a text, e.g. \"resnet50\"");
  }
  if (!json.contains("size")) return;
  const Json& size = json.at("size");
  require(size.is_number_integer() && size.get<double>() >= kMinSize && size.get<double>() <= kMaxSize, recipe.source,
          ": the field \"size\" is not a whole number from ", kMinSize, " to ", kMaxSize);
}

}  // namespace

std::vector<std::string> recipe_names() {
  std::vector<std::string> names;
  for (const auto& [name, json] : recipes()) names.push_back(name);
  return names;
}

RecipeText find_recipe(const std::string& name_or_file) {
  const auto found = recipes().find(name_or_file);
  RecipeText recipe{.source = name_or_file, .json = {}};
  if (found != recipes().end()) {
    recipe.json = found->second;
  } else if (name_or_file.ends_with(".json")) {
    recipe.json = read_text(name_or_file, kMaxBytes);
  } else {
    fail(Kind::not_found, "there is no recipe ", name_or_file, "; there are ", join(recipe_names(), ", "),
         ", and any file that ends in .json");
  }
  check(recipe);
  return recipe;
}

Json training_fields(const RecipeText& recipe) {
  Json json = parse_json(recipe.json, recipe.source);
  if (!json.is_object()) return json;  // settings_from_json says what is wrong
  json.erase("architecture");
  json.erase("size");
  return json;
}

void adopt(TrainOptions& options) {
  const RecipeText& recipe = *options.recipe;
  check(recipe);
  const Json json = parse_json(recipe.json, recipe.source);
  const TrainerSettings settings = settings_from_json(training_fields(recipe), {}, recipe.source);
  require(options.mode != Mode::scratch || settings.freeze_to.empty(), recipe.source,
          ": \"freeze_to\" has no meaning with --mode scratch: leave it out");
  if (options.architecture.empty()) options.architecture = json.value("architecture", "");
  if (options.size == 0) options.size = json.value("size", 0);
  if (options.freeze_to.empty()) options.freeze_to = settings.freeze_to;
  options.synchronise = options.synchronise || settings.synchronise;
  options.compress = options.compress || settings.compress;
  if (!options.mixed_precision && json.contains("mixed_precision")) options.mixed_precision = settings.mixed_precision;
}

}  // namespace graft
