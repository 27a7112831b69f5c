#include "recipe/recipe.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "recipe/recipe_text.h"

namespace graft {
namespace {

using testing::HasSubstr;

TrainOptions options_with(const std::string& json, Mode mode = Mode::scratch) {
  TrainOptions options{};
  options.mode = mode;
  options.recipe = RecipeText{"mine.json", json};
  adopt(options);
  return options;
}

TrainOptions options_of(const std::string& name, int ranks = 1) {
  TrainOptions options{};
  options.mode = Mode::scratch;
  options.ranks = ranks;
  options.recipe = find_recipe(name);
  adopt(options);
  return options;
}

std::string error_of(const std::string& json) {
  try {
    options_with(json);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Recipe, Imagenet48IsResNet50AsUsualIn48Epochs) {
  const TrainOptions options = options_of("imagenet-48");
  EXPECT_EQ(options.architecture, "resnet50");
  EXPECT_EQ(options.size, 224);
  const TrainerSettings s = scratch_recipe(options, 1'281'167, 1);
  EXPECT_EQ(s.epochs, 48);
  EXPECT_EQ(s.optimizer.method, OptimizerSettings::Method::sgd);
  EXPECT_EQ(s.optimizer.momentum, 0.9);
  EXPECT_EQ(s.optimizer.weight_decay, 1e-4);
  EXPECT_DOUBLE_EQ(s.optimizer.learning_rate / s.batch, 0.1 / 256);
  EXPECT_EQ(s.schedule, Schedule::cosine);
  EXPECT_EQ(s.warm_up_epochs, 5);
  EXPECT_EQ(s.label_smoothing, 0.1);
  EXPECT_EQ(s.augmentation, augmentation_of(AugmentationLevel::standard));
}

TEST(Recipe, ItsRateGrowsWithTheImagesOfAllRanks) {
  const TrainerSettings four = scratch_recipe(options_of("imagenet-48", 4), 1'281'167, 1);
  EXPECT_EQ(four.batch, 256);
  EXPECT_DOUBLE_EQ(four.optimizer.learning_rate, 0.1);
  const TrainerSettings many = scratch_recipe(options_of("imagenet-48", 128), 1'281'167, 1);
  EXPECT_EQ(many.batch, 8192);
  EXPECT_DOUBLE_EQ(many.optimizer.learning_rate, 3.2);  // Goyal et al., 2017
  EXPECT_EQ(many.warm_up_epochs, 5);
}

TEST(Recipe, QuickIsASmallNetworkAndFewEpochs) {
  const TrainOptions options = options_of("quick");
  EXPECT_EQ(options.architecture, "resnet18");
  EXPECT_EQ(options.size, 64);
  const TrainerSettings s = scratch_recipe(options, 5000, 1);
  EXPECT_EQ(s.epochs, 5);
  EXPECT_EQ(s.schedule, Schedule::one_cycle);
}

TEST(Recipe, OptionsComeFirstThenTheRecipeThenTheMode) {
  TrainOptions options{};
  options.mode = Mode::scratch;
  options.size = 128;
  options.epochs = 3;
  options.recipe = RecipeText{"mine.json", R"({"architecture": "resnet34", "size": 96, "epochs": 9, "mixup": 0.2})"};
  adopt(options);
  EXPECT_EQ(options.architecture, "resnet34");
  EXPECT_EQ(options.size, 128);
  const TrainerSettings s = scratch_recipe(options, 1000, 7), plain = scratch_recipe({}, 1000, 7);
  EXPECT_EQ(s.epochs, 3);
  EXPECT_EQ(s.mixup, 0.2);
  EXPECT_EQ(s.batch, plain.batch);
  EXPECT_EQ(s.optimizer.learning_rate, plain.optimizer.learning_rate);
  EXPECT_EQ(s.seed, 7U);
}

TEST(Recipe, AMethodThatItOnlyNamesHasTheModesOwnRate) {
  const TrainerSettings s = scratch_recipe(options_with(R"({"optimizer": "sgd"})"), 1000, 1);
  EXPECT_EQ(s.optimizer.method, OptimizerSettings::Method::sgd);
  EXPECT_EQ(s.optimizer.learning_rate, 0.1);
  EXPECT_EQ(s.optimizer.weight_decay, 5e-4);
}

TEST(Recipe, AnotherOptimizerLeavesItsRateOut) {
  TrainOptions options = options_of("imagenet-48");
  options.optimizer = OptimizerSettings::Method::adamw;
  const TrainerSettings s = scratch_recipe(options, 1000, 1);
  EXPECT_EQ(s.optimizer.method, OptimizerSettings::Method::adamw);
  EXPECT_EQ(s.optimizer.weight_decay, 0.05);
  EXPECT_EQ(s.optimizer.learning_rate, scratch_recipe(options_of("quick"), 1000, 1).optimizer.learning_rate);
  EXPECT_EQ(s.epochs, 48);
}

TEST(Recipe, IsNotForTheRunThatATransferIsComparedWith) {
  const TrainOptions options = options_with(R"({"epochs": 77})", Mode::finetune);
  EXPECT_EQ(finetune_recipe(options, 1000, 1).epochs, 77);
  EXPECT_EQ(scratch_recipe(options, 1000, 1).epochs, scratch_recipe({}, 1000, 1).epochs);
}

TEST(Recipe, SaysHowRanksAndTheDeviceCompute) {
  const TrainOptions options = options_with(
      R"({"synchronise": true, "compress": true, "mixed_precision": false, "freeze_to": "layer1"})", Mode::finetune);
  const TrainerSettings s = finetune_recipe(options, 1000, 1);
  EXPECT_TRUE(s.synchronise && s.compress);
  EXPECT_EQ(options.mixed_precision, false);
  EXPECT_EQ(s.freeze_to, "layer1");
  EXPECT_FALSE(options_with("{}").mixed_precision.has_value());
}

TEST(Recipe, PrintedSettingsAreARecipe) {
  const TrainerSettings first = scratch_recipe(options_of("imagenet-48"), 1000, 1);
  OrderedJson printed = to_json(first);
  printed.erase("seed");
  printed.erase("label_weights");
  EXPECT_EQ(to_json(scratch_recipe(options_with(printed.dump()), 1000, 1)), to_json(first));
}

TEST(Recipe, ComesFromAFile) {
  const TemporaryFolder folder;
  write_file(folder.path() / "mine.json", R"({"epochs": 4, "augmentation": {"min_area": 0.08}})");
  const TrainerSettings s = scratch_recipe(options_of((folder.path() / "mine.json").string()), 1000, 1);
  EXPECT_EQ(s.epochs, 4);
  EXPECT_EQ(s.augmentation.min_area, 0.08);
  EXPECT_THROW(find_recipe((folder.path() / "none.json").string()), Error);
}

TEST(Recipe, AnUnknownNameListsTheKnown) {
  try {
    find_recipe("imagenet");
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "there is no recipe imagenet; there are imagenet-48, quick, and any file that ends in .json");
  }
}

TEST(Recipe, AnErrorNamesTheFileTheFieldAndTheChoices) {
  EXPECT_EQ(error_of(R"({"epochs": 0})"), R"(mine.json: the field "epochs" is 0, not a whole number from 1 to 100000)");
  EXPECT_THAT(error_of(R"({"epochs": 1.5})"), HasSubstr("is 1.5, not a whole number"));
  EXPECT_THAT(error_of(R"({"epochs": true})"), HasSubstr("is true, not a whole number"));
  EXPECT_THAT(error_of(R"({"batch": 1e99})"), HasSubstr("not a whole number from 2 to 65536"));
  EXPECT_EQ(error_of(R"({"learning_rate": "0.1"})"),
            R"(mine.json: the field "learning_rate" is "0.1", not a number from 1e-09 to 100)");
  EXPECT_EQ(error_of(R"({"schedule": "linear"})"),
            R"(mine.json: the field "schedule" is "linear", not one of constant, cosine, one_cycle, step)");
  EXPECT_THAT(error_of(R"({"gradual": 1})"), HasSubstr("is 1, not true or false"));
  EXPECT_THAT(error_of(R"({"augmentation": "much"})"), HasSubstr("not one of none, standard, strong"));
  EXPECT_THAT(error_of(R"({"augmentation": {"flip": 1}})"), HasSubstr("no field \"flip\"; it has crop, min_area"));
  EXPECT_THAT(error_of(R"({"augmentation": {"min_area": 2}})"), HasSubstr("min_area"));
  EXPECT_THAT(error_of(R"({"size": 8})"), HasSubstr("\"size\" is not a whole number from 16 to 1024"));
  EXPECT_THAT(error_of(R"({"architecture": 50})"), HasSubstr("\"architecture\" is not a text"));
}

TEST(Recipe, RefusesWhatItDoesNotKnow) {
  EXPECT_THAT(error_of(R"({"epoch": 3})"),
              HasSubstr("mine.json: there is no field \"epoch\"; there are epochs, batch"));
  EXPECT_EQ(error_of(R"({"seed": 3})"), "mine.json: a recipe does not set \"seed\": pass --seed");
  EXPECT_THAT(error_of(R"({"label_weights": [1]})"), HasSubstr("pass --balance"));
  EXPECT_THAT(error_of(R"({"freeze_to": "layer1"})"), HasSubstr("no meaning with --mode scratch"));
  EXPECT_THAT(error_of("[1]"), HasSubstr("a recipe is a JSON object, not array"));
  EXPECT_THAT(error_of("{"), HasSubstr("mine.json: not valid JSON"));
}

TEST(Recipe, AllNamedOnesAreRight) {
  for (const std::string& name : recipe_names()) EXPECT_EQ(find_recipe(name).source, name);
}

}  // namespace
}  // namespace graft
