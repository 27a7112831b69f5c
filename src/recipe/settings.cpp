#include "recipe/settings.h"

#include <set>

#include "base/json.h"
#include "recipe/recipe.h"

namespace graft {
namespace {

template <typename Value>
std::string word_of(Value value, const std::map<std::string, Value>& words) {
  for (const auto& [word, meaning] : words) {
    if (meaning == value) return word;
  }
  return "";
}

// Reads fields one by one and remembers their names, so that finish() can refuse all others.
class Fields {
 public:
  Fields(const Json& json, std::string_view source) : json_(json), source_(source) {
    require(json.is_object(), source, ": a recipe is a JSON object, not ", json.type_name());
  }

  void number(const char* name, double& value, double low, double high) {
    const Json* given = find(name);
    if (!given) return;
    check(name, given->is_number() && given->get<double>() >= low && given->get<double>() <= high, "a number from ",
          low, " to ", high);
    value = given->get<double>();
  }

  void integer(const char* name, int& value, int low, int high) {
    const Json* given = find(name);
    if (!given) return;
    check(name, given->is_number_integer() && given->get<double>() >= low && given->get<double>() <= high,
          "a whole number from ", low, " to ", high);
    value = given->get<int>();
  }

  void flag(const char* name, bool& value) {
    const Json* given = find(name);
    if (!given) return;
    check(name, given->is_boolean(), "true or false");
    value = given->get<bool>();
  }

  void text(const char* name, std::string& value) {
    const Json* given = find(name);
    if (!given) return;
    check(name, given->is_string(), "a text");
    value = given->get<std::string>();
  }

  template <typename Value>
  void word(const char* name, Value& value, const std::map<std::string, Value>& words) {
    const Json* given = find(name);
    if (!given) return;
    check(name, given->is_string() && words.contains(given->get<std::string>()), "one of ", names_of(words));
    value = words.at(given->get<std::string>());
  }

  void augmentation(const char* name, Augmentation& value) {
    const Json* given = find(name);
    if (!given) return;
    if (!given->is_object()) {
      AugmentationLevel level = AugmentationLevel::standard;
      word(name, level, augmentation_words());
      value = augmentation_of(level);
      return;
    }
    const OrderedJson known = to_json(Augmentation());
    for (const auto& [field, unused] : given->items()) {
      require(known.contains(field), source_, ": an augmentation has no field \"", field, "\"; it has ",
              names_of(known.get_ref<const OrderedJson::object_t&>()));
    }
    value = augmentation_from_json(*given, source_);
  }

  void refuse(const char* name, const char* option) const {
    require(!json_.contains(name), source_, ": a recipe does not set \"", name, "\": pass ", option);
  }

  void finish() const {
    for (const auto& [name, value] : json_.items()) {
      require(known_.contains(name), source_, ": there is no field \"", name, "\"; there are ", join(order_, ", "));
    }
  }

 private:
  template <typename Words>
  static std::string names_of(const Words& words) {
    std::vector<std::string> names;
    for (const auto& [name, value] : words) names.push_back(name);
    return join(names, ", ");
  }

  const Json* find(const char* name) {
    if (known_.insert(name).second) order_.emplace_back(name);
    const auto found = json_.find(name);
    return found == json_.end() ? nullptr : &*found;
  }

  template <typename... Parts>
  void check(const char* name, bool ok, const Parts&... wanted) const {
    require(ok, source_, ": the field \"", name, "\" is ", json_.at(name).dump().substr(0, 80), ", not ", wanted...);
  }

  const Json& json_;
  std::string source_;
  std::set<std::string> known_;
  std::vector<std::string> order_;
};

}  // namespace

const std::map<std::string, Schedule>& schedule_words() {
  static const std::map<std::string, Schedule> words{{"cosine", Schedule::cosine},
                                                     {"step", Schedule::step},
                                                     {"one_cycle", Schedule::one_cycle},
                                                     {"constant", Schedule::constant}};
  return words;
}

const std::map<std::string, OptimizerSettings::Method>& optimizer_words() {
  static const std::map<std::string, OptimizerSettings::Method> words{{"sgd", OptimizerSettings::Method::sgd},
                                                                      {"adamw", OptimizerSettings::Method::adamw}};
  return words;
}

const std::map<std::string, AugmentationLevel>& augmentation_words() {
  static const std::map<std::string, AugmentationLevel> words{{"none", AugmentationLevel::none},
                                                              {"standard", AugmentationLevel::standard},
                                                              {"strong", AugmentationLevel::strong}};
  return words;
}

OrderedJson to_json(const TrainerSettings& s) {
  return {{"epochs", s.epochs},
          {"batch", s.batch},
          {"optimizer", word_of(s.optimizer.method, optimizer_words())},
          {"learning_rate", s.optimizer.learning_rate},
          {"momentum", s.optimizer.momentum},
          {"weight_decay", s.optimizer.weight_decay},
          {"schedule", word_of(s.schedule, schedule_words())},
          {"warm_up_epochs", s.warm_up_epochs},
          {"label_smoothing", s.label_smoothing},
          {"mixup", s.mixup},
          {"average_decay", s.average_decay},
          {"label_weights", s.label_weights},
          {"augmentation", to_json(s.augmentation)},
          {"patience", s.patience},
          {"block_decay", s.block_decay},
          {"gradual", s.gradual},
          {"freeze_to", s.freeze_to},
          {"synchronise", s.synchronise},
          {"compress", s.compress},
          {"mixed_precision", s.mixed_precision},
          {"seed", s.seed}};
}

TrainerSettings settings_from_json(const Json& json, TrainerSettings otherwise, std::string_view source) {
  TrainerSettings s = std::move(otherwise);
  Fields fields(json, source);
  fields.refuse("seed", "--seed");
  fields.refuse("label_weights", "--balance");
  fields.integer("epochs", s.epochs, 1, 100'000);
  fields.integer("batch", s.batch, 2, 65'536);
  fields.word("optimizer", s.optimizer.method, optimizer_words());
  fields.number("learning_rate", s.optimizer.learning_rate, 1e-9, 100);
  fields.number("momentum", s.optimizer.momentum, 0, 0.9999);
  fields.number("weight_decay", s.optimizer.weight_decay, 0, 10);
  fields.word("schedule", s.schedule, schedule_words());
  fields.number("warm_up_epochs", s.warm_up_epochs, 0, 1000);
  fields.number("label_smoothing", s.label_smoothing, 0, 0.9);
  fields.number("mixup", s.mixup, 0, 10);
  fields.number("average_decay", s.average_decay, 0, 0.99999);
  fields.augmentation("augmentation", s.augmentation);
  fields.integer("patience", s.patience, 0, 100'000);
  fields.number("block_decay", s.block_decay, 0.01, 1);
  fields.flag("gradual", s.gradual);
  fields.text("freeze_to", s.freeze_to);
  fields.flag("synchronise", s.synchronise);
  fields.flag("compress", s.compress);
  fields.flag("mixed_precision", s.mixed_precision);
  fields.finish();
  return s;
}

}  // namespace graft
