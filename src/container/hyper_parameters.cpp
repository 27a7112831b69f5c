#include "container/hyper_parameters.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/json.h"
#include "container/parameter_values.h"
#include "recipe/recipe_text.h"

namespace graft {
namespace {

constexpr int kMost = 1'000'000'000;

// Our own that are no flags; `graft train` checks their values. Those whose names the built-in algorithm has, too, are
// read with its.
constexpr std::array<const char*, 21> kOwnOptions{"seed",
                                                  "time_limit",
                                                  "arch",
                                                  "size",
                                                  "hidden",
                                                  "precision",
                                                  "freeze_to",
                                                  "batch",
                                                  "schedule",
                                                  "warm_up",
                                                  "label_smoothing",
                                                  "mixup",
                                                  "average",
                                                  "patience",
                                                  "augment",
                                                  "mixed_precision",
                                                  "views",
                                                  "device",
                                                  "ranks",
                                                  "min_ranks",
                                                  "checkpoint_minutes"};
constexpr std::array<const char*, 6> kOwnFlags{"compare",         "allow_leak", "balance",
                                               "sync_batch_norm", "compress",   "no_overlap"};

// What only a loop over images has a use for; a head on frozen features is fitted without.
constexpr std::array<const char*, 22> kOfTheLoop{"mini_batch_size",
                                                 "batch",
                                                 "learning_rate",
                                                 "optimizer",
                                                 "momentum",
                                                 "weight_decay",
                                                 "beta_1",
                                                 "beta_2",
                                                 "eps",
                                                 "schedule",
                                                 "warm_up",
                                                 "mixup",
                                                 "average",
                                                 "patience",
                                                 "early_stopping",
                                                 "lr_scheduler_step",
                                                 "recipe",
                                                 "precision_dtype",
                                                 "mixed_precision",
                                                 "sync_batch_norm",
                                                 "compress",
                                                 "min_ranks"};

std::string option_of(std::string name) {
  std::replace(name.begin(), name.end(), '_', '-');
  return "--" + name;
}

std::string shortest(double value) {
  return Json(value).dump();
}

class Translation {
 public:
  Translation(const HyperParameters& parameters, const Sources& sources, int hosts)
      : values_(parameters), sources_(sources), hosts_(hosts) {}

  TrainRequest run() {
    choose_mode();
    read_data();
    read_network();
    read_own();
    read_loop();
    read_early_stopping();
    read_schedule();
    read_augmentation();
    read_recipe();
    read_what_graft_has_not();
    values_.refuse_unknown();
    if (request_.mode == "head") refuse_loop();
    return std::move(request_);
  }

 private:
  // In one word, so that no value can be taken for an option.
  void add(const std::string& option, const std::string& value) { request_.arguments.push_back(option + "=" + value); }
  void note(const std::string& sentence) { request_.notes.push_back(sentence); }

  // Refuses the two of a pair that mean the same.
  void refuse_both(const char* one, const char* other) const {
    require(!values_.has(one) || !values_.has(other), "the hyper-parameters ", one, " and ", other,
            " mean the same: give one of them");
  }

  void choose_mode() {
    const auto mode = values_.word("mode", {"head", "finetune", "scratch"});
    const auto pretrained = values_.flag("use_pretrained_model");
    const bool something = sources_.channel || sources_.packaged;
    if (mode) {
      request_.mode = *mode;
      require(!pretrained || *pretrained == (*mode != "scratch"), "mode=", *mode,
              " and use_pretrained_model=", pretrained.value_or(false) ? "1" : "0", " contradict each other: leave one out");
    } else if (pretrained ? *pretrained || sources_.channel : something) {
      request_.mode = sources_.channel || pretrained ? "finetune" : "head";
    } else {
      request_.mode = "scratch";
    }
    require(request_.mode == "scratch" || something, mode ? "mode=" + *mode : std::string("use_pretrained_model=1"),
            " needs something to transfer from: add a channel \"model\" with a bundle, a model.tar.gz or weights, or "
            "use an image that has weights");
    require(request_.mode != "scratch" || !sources_.channel,
            "mode=scratch has no use for the channel \"model\": leave one of them out");
    add("--mode", request_.mode);
  }

  void read_data() {
    if (const auto labels = values_.integer("num_classes", 2, kMost)) request_.labels = *labels;
    if (const auto images = values_.integer("num_training_samples", 1, kMost)) request_.images = *images;
  }

  void read_network() {
    refuse_both("num_layers", "arch");
    refuse_both("image_shape", "size");
    if (const auto layers = values_.integer("num_layers", 1, 1000)) {
      require(*layers == 18 || *layers == 34 || *layers == 50, "num_layers=", *layers,
              ": graft has ResNets of 18, 34 and 50 layers, and other networks by the hyper-parameter arch");
      add("--arch", "resnet" + std::to_string(*layers));
    }
    const auto shape = values_.text("image_shape");
    if (!shape) return;
    const Json sides = Json::parse("[" + *shape + "]", nullptr, false);
    const bool three = sides.is_array() && sides.size() == 3 &&
                       std::all_of(sides.begin(), sides.end(), [](const Json& s) { return s.is_number_unsigned(); });
    require_parameter(three, "image_shape", *shape, " is not channels, height and width, such as 3,224,224");
    require_parameter(sides[0] == 3, "image_shape", *shape,
                      ": graft's networks read 3 channels; grey images are "
                      "turned into that");
    require_parameter(sides[1] == sides[2], "image_shape", *shape,
                      ": graft's networks read squares: give the same "
                      "height and width");
    add("--size", sides[1].dump());
  }

  void read_own() {
    for (const char* name : kOwnOptions) {
      if (const auto value = values_.text(name)) add(option_of(name), *value);
    }
    for (const char* name : kOwnFlags) {
      if (values_.flag(name).value_or(false)) request_.arguments.push_back(option_of(name));
    }
    require(hosts_ == 1 || !values_.has("ranks"), "the hyper-parameter ranks is for a job of one host; of ", hosts_,
            " each is a rank: leave it out");
  }

  void read_loop() {
    refuse_both("mini_batch_size", "batch");
    if (const auto epochs = values_.integer("epochs", 1, 100'000)) add("--epochs", std::to_string(*epochs));
    if (const auto batch = values_.integer("mini_batch_size", 2, 65'536)) {
      add("--batch", std::to_string(*batch * hosts_));
      if (hosts_ > 1)
        note(text("mini_batch_size is for each of ", hosts_, " hosts: a step has ", *batch * hosts_, " images"));
    }
    if (const auto rate = values_.number("learning_rate", 1e-9, 100)) add("--learning-rate", shortest(*rate));
    read_optimizer();
    refuse_both("precision_dtype", "mixed_precision");
    if (const auto type = values_.word("precision_dtype", {"float32", "float16"})) {
      add("--mixed-precision", *type == "float16" ? "on" : "off");
    }
  }

  // Without a word on it the built-in algorithm's is SGD, so a learning rate for it is a rate for SGD.
  void read_optimizer() {
    auto optimizer = values_.text("optimizer");
    const bool for_sgd = values_.has("learning_rate") || values_.has("momentum") || values_.has("weight_decay");
    if (!optimizer && for_sgd && !values_.has("recipe") && request_.mode != "head") {
      optimizer = "sgd";
      note("the optimizer is sgd, as a learning rate, a momentum or a weight decay is given and no optimizer");
    }
    if (!optimizer) return;
    require_parameter(*optimizer != "rmsprop", "optimizer", *optimizer, ": graft has sgd (nag is the same) and adam");
    if (*optimizer == "nag") optimizer = "sgd";
    if (*optimizer == "adam") optimizer = "adamw";
    require_parameter(*optimizer == "sgd" || *optimizer == "adamw", "optimizer", *optimizer,
                      " is none of sgd, nag, adam and adamw");
    optimizer_ = *optimizer;
    add("--optimizer", optimizer_);
  }

  void read_early_stopping() {
    refuse_both("early_stopping", "patience");
    const bool stops = values_.flag("early_stopping").value_or(false);
    const int patience = values_.integer("early_stopping_patience", 1, 100'000).value_or(5);
    if (stops) add("--patience", std::to_string(patience));
    const auto least = values_.integer("early_stopping_min_epochs", 1, 100'000);
    require(!stops || !least || *least <= patience + 1, "early_stopping_min_epochs=", least.value_or(0),
            ": graft stops after early_stopping_patience epochs without a better one, and not before that: leave it "
            "out, or give a larger patience");
    require(values_.number("early_stopping_tolerance", 0, 1).value_or(0) == 0 || !stops,
            "early_stopping_tolerance: graft takes any gain for one: leave it out");
  }

  // The built-in algorithm's drops are at epochs of choice, graft's by ten at a third and at two thirds.
  void read_schedule() {
    refuse_both("lr_scheduler_step", "schedule");
    const double factor = values_.number("lr_scheduler_factor", 0, 1).value_or(0.1);
    const int epochs = values_.integer("epochs", 1, 100'000).value_or(30);
    const auto steps = values_.text("lr_scheduler_step");
    if (!steps) return;
    const Json drops = Json::parse("[" + *steps + "]", nullptr, false);
    require_parameter(drops.is_array(), "lr_scheduler_step", *steps, " is not a list of epochs, such as 10,20");
    const auto near = [&](const Json& drop, int third) {
      return drop.is_number() && std::abs(drop.get<double>() - epochs * third / 3.0) <= 1;
    };
    const bool same = factor == 0.1 && drops.size() == 2 && near(drops[0], 1) && near(drops[1], 2);
    require_parameter(same, "lr_scheduler_step", *steps,
                      ": graft's schedule=step divides the learning rate by ten "
                      "after a third and after two thirds of the epochs; give that, cosine, constant or one_cycle "
                      "instead of lr_scheduler_step and lr_scheduler_factor");
    add("--schedule", "step");
  }

  void read_augmentation() {
    refuse_both("augmentation_type", "augment");
    const auto type = values_.word("augmentation_type", {"none", "crop", "crop_color", "crop_color_transform"});
    if (!type || (*type == "none" && request_.mode == "head")) return;
    add("--augment", *type == "none" ? "none" : *type == "crop" ? "standard" : "strong");
  }

  // What has no option is set by a recipe: a named one with these fields instead of its own.
  void read_recipe() {
    const auto name = values_.text("recipe");
    Json fields = name ? parse_json(find_recipe(*name).json, *name) : Json::object();
    const std::string method = fields.value("optimizer", "adamw");
    if (!optimizer_.empty() && name && method != optimizer_) {
      for (const char* field : {"learning_rate", "momentum", "weight_decay"}) fields.erase(field);
    }
    if (!optimizer_.empty()) fields["optimizer"] = optimizer_;
    const auto momentum = values_.number("momentum", 0, 0.9999), beta = values_.number("beta_1", 0, 0.9999);
    const auto decay = values_.number("weight_decay", 0, 1);
    const bool adam = fields.value("optimizer", "adamw") == "adamw";
    if (momentum && adam) note("momentum is of sgd, and not used");
    if (beta && !adam) note("beta_1 is of adam, and not used");
    if (const auto& used = adam ? beta : momentum) fields["momentum"] = *used;
    if (decay) fields["weight_decay"] = *decay;
    if (name || fields.contains("momentum") || fields.contains("weight_decay")) request_.recipe = fields.dump(2);
  }

  void read_what_graft_has_not() {
    require(!values_.flag("multi_label").value_or(false), "multi_label=1: graft learns one label per image");
    require(
        !values_.flag("use_weighted_loss").value_or(false),
        "use_weighted_loss=1 is for several labels per image; balance=true lets rare labels count as much as others");
    const auto store = values_.word("kv_store", {"device", "dist_sync", "dist_async"});
    require(store != "dist_async", "kv_store=dist_async: graft's ranks step together: leave it out, or give dist_sync");
    const auto same = [&](const char* name, double value) {
      const auto given = values_.number(name, 0, 1);
      require(!given || *given == value || optimizer_ != "adamw", name, "=", given.value_or(0), ": graft's adam has ",
              value, ": leave it out");
    };
    same("beta_2", 0.999);
    same("eps", 1e-8);
    static_cast<void>(values_.number("gamma", 0, 1));  // of rmsprop alone
    if (values_.integer("resize", 1, kMost))
      note("resize is not used: graft resizes each image for the network itself");
    if (values_.integer("top_k", 2, kMost)) note("top_k is not used");
    if (values_.integer("checkpoint_frequency", 1, kMost)) {
      note("checkpoint_frequency is not used: there is a checkpoint after each epoch, and the best epoch is kept");
    }
  }

  void refuse_loop() const {
    for (const char* name : kOfTheLoop) {
      require(!values_.has(name), "the hyper-parameter ", name,
              " has no meaning with mode=head, which fits the last layer alone: leave it out, or give "
              "use_pretrained_model=1 to train all layers");
    }
    require(!values_.has("augment") || values_.has("views"),
            "the hyper-parameter augment has no meaning with mode=head and without views: leave it out");
  }

  ParameterValues values_;
  const Sources sources_;
  const int hosts_;
  std::string optimizer_;  // by graft's name; empty where nothing says
  TrainRequest request_;
};

}  // namespace

TrainRequest request_of(const HyperParameters& parameters, const Sources& sources, int hosts) {
  return Translation(parameters, sources, hosts).run();
}

}  // namespace graft
