#include "container/hyper_parameters.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "base/json.h"

namespace graft {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::ThrowsMessage;

constexpr Sources kNothing{}, kChannel{.channel = true}, kPackaged{.packaged = true};

TrainRequest request(const HyperParameters& parameters, const Sources& sources = kNothing, int hosts = 1) {
  return request_of(parameters, sources, hosts);
}

void refuse(const HyperParameters& parameters, const std::string& message, const Sources& sources = kNothing) {
  EXPECT_THAT([&] { request(parameters, sources); }, ThrowsMessage<Error>(HasSubstr(message)));
}

TEST(HyperParameters, ModeFollowsFromWhatThereIsToTransferFrom) {
  EXPECT_EQ(request({}).mode, "scratch");
  EXPECT_EQ(request({}, kPackaged).mode, "head");
  EXPECT_EQ(request({}, kChannel).mode, "finetune");
  EXPECT_EQ(request({{"use_pretrained_model", "1"}}, kPackaged).mode, "finetune");
  EXPECT_EQ(request({{"use_pretrained_model", "0"}}, kPackaged).mode, "scratch");
  EXPECT_EQ(request({{"use_pretrained_model", "0"}}, kChannel).mode, "finetune");
  EXPECT_EQ(request({{"mode", "head"}}, kChannel).mode, "head");
  EXPECT_EQ(request({{"mode", "scratch"}}, kPackaged).mode, "scratch");
}

TEST(HyperParameters, RefusesATransferFromNothingAndContradictions) {
  refuse({{"use_pretrained_model", "1"}}, "use_pretrained_model=1 needs something to transfer from");
  refuse({{"mode", "head"}}, "mode=head needs something to transfer from");
  refuse({{"mode", "scratch"}}, "mode=scratch has no use for the channel", kChannel);
  refuse({{"mode", "scratch"}, {"use_pretrained_model", "1"}}, "contradict each other", kPackaged);
}

TEST(HyperParameters, TakesTheBuiltInAlgorithmsNames) {
  const TrainRequest got = request({{"num_layers", "18"},
                                    {"epochs", "3"},
                                    {"learning_rate", "0.01"},
                                    {"mini_batch_size", "16"},
                                    {"image_shape", "3, 32, 32"},
                                    {"augmentation_type", "crop_color"},
                                    {"optimizer", "adam"},
                                    {"precision_dtype", "float32"},
                                    {"num_classes", "3"},
                                    {"num_training_samples", "48"},
                                    {"multi_label", "0"},
                                    {"kv_store", "dist_sync"}});
  EXPECT_THAT(got.arguments,
              ElementsAre("--mode=scratch", "--arch=resnet18", "--size=32", "--epochs=3", "--batch=16",
                          "--learning-rate=0.01", "--optimizer=adamw", "--mixed-precision=off", "--augment=strong"));
  EXPECT_EQ(got.labels, 3u);
  EXPECT_EQ(got.images, 48u);
  EXPECT_EQ(got.recipe, "");
}

TEST(HyperParameters, TakesOurOwnWithDashesOrUnderscores) {
  EXPECT_THAT(
      request({{"warm-up", "2"}, {"label_smoothing", "0.1"}, {"balance", "True"}, {"compress", "false"}}).arguments,
      ElementsAre("--mode=scratch", "--warm-up=2", "--label-smoothing=0.1", "--balance"));
  refuse({{"learning-rate", "1"}, {"learning_rate", "1"}}, "learning_rate is given twice");
}

TEST(HyperParameters, ABatchIsForEachHost) {
  EXPECT_THAT(request({{"mini_batch_size", "16"}}, kNothing, 3).arguments, Contains("--batch=48"));
  EXPECT_THAT(request({{"batch", "16"}}, kNothing, 3).arguments, Contains("--batch=16"));
  EXPECT_THROW(request({{"ranks", "2"}}, kNothing, 2), Error);
}

TEST(HyperParameters, ARateWithoutAnOptimizerIsForSgd) {
  EXPECT_THAT(request({{"learning_rate", "0.1"}}).arguments, Contains("--optimizer=sgd"));
  EXPECT_THAT(request({{"learning_rate", "0.1"}, {"optimizer", "nag"}}).arguments, Contains("--optimizer=sgd"));
  EXPECT_THAT(request({{"epochs", "3"}}).arguments, Not(Contains(HasSubstr("--optimizer"))));
}

TEST(HyperParameters, WhatHasNoOptionGoesIntoARecipe) {
  const Json sgd = Json::parse(request({{"momentum", "0.8"}, {"weight_decay", "0.001"}}).recipe);
  EXPECT_EQ(sgd, Json({{"optimizer", "sgd"}, {"momentum", 0.8}, {"weight_decay", 0.001}}));
  const Json adam = Json::parse(request({{"optimizer", "adam"}, {"beta_1", "0.8"}, {"momentum", "0.5"}}).recipe);
  EXPECT_EQ(adam, Json({{"optimizer", "adamw"}, {"momentum", 0.8}}));
  const Json named = Json::parse(request({{"recipe", "imagenet-48"}, {"weight_decay", "0.5"}}).recipe);
  EXPECT_EQ(named.at("weight_decay"), 0.5);
  EXPECT_EQ(named.at("epochs"), 48);
}

TEST(HyperParameters, StopsEarlyAndDropsTheRateWhereGraftDoesTheSame) {
  EXPECT_THAT(request({{"early_stopping", "True"}, {"early_stopping_patience", "7"}}).arguments,
              Contains("--patience=7"));
  EXPECT_THAT(request({{"early_stopping", "False"}, {"early_stopping_patience", "7"}}).arguments,
              Not(Contains(HasSubstr("--patience"))));
  EXPECT_THAT(request({{"epochs", "30"}, {"lr_scheduler_step", "10, 20"}}).arguments, Contains("--schedule=step"));
  refuse({{"epochs", "30"}, {"lr_scheduler_step", "5"}}, "lr_scheduler_step=5: graft's schedule=step divides");
  refuse({{"early_stopping", "True"}, {"early_stopping_min_epochs", "20"}}, "early_stopping_min_epochs=20");
}

TEST(HyperParameters, RefusesWhatGraftHasNot) {
  refuse({{"multi_label", "1"}}, "multi_label=1: graft learns one label per image");
  refuse({{"kv_store", "dist_async"}}, "kv_store=dist_async: graft's ranks step together");
  refuse({{"num_layers", "152"}}, "num_layers=152: graft has ResNets of 18, 34 and 50 layers");
  refuse({{"image_shape", "1,28,28"}}, "image_shape=1,28,28: graft's networks read 3 channels");
  refuse({{"image_shape", "3,224,300"}}, "read squares");
  refuse({{"optimizer", "rmsprop"}}, "optimizer=rmsprop: graft has sgd");
  refuse({{"optimizer", "adam"}, {"beta_2", "0.9"}}, "beta_2=0.9: graft's adam has 0.999");
  refuse({{"use_weighted_loss", "1"}}, "balance=true");
}

TEST(HyperParameters, RefusesValuesThatCannotBe) {
  refuse({{"epochs", "many"}}, "the hyper-parameter epochs=many is not a whole number from 1 to 100000");
  refuse({{"epochs", "0"}}, "epochs=0 is not a whole number");
  refuse({{"learning_rate", "-1"}}, "learning_rate=-1 is not a number from");
  refuse({{"image_shape", "large"}}, "image_shape=large is not channels, height and width");
  refuse({{"augmentation_type", "all"}}, "augmentation_type=all is none of none, crop, ");
  refuse({{"num_classes", "1"}}, "num_classes=1 is not a whole number from 2");
  refuse({{"balance", "maybe"}}, "balance=maybe is neither true nor false");
}

TEST(HyperParameters, NamesTheNearestOfAnUnknownOne) {
  refuse({{"epoch", "3"}}, "there is no hyper-parameter epoch; the nearest is epochs");
  refuse({{"batch-sise", "3"}}, "there is no hyper-parameter batch_sise; the nearest is ");
  refuse({{"momentun", "3"}}, "the nearest is momentum");
}

TEST(HyperParameters, AHeadTakesNothingOfTheLoop) {
  EXPECT_THAT(request({{"epochs", "3"}, {"augmentation_type", "none"}}, kPackaged).arguments,
              ElementsAre("--mode=head", "--epochs=3"));
  refuse({{"learning_rate", "0.1"}}, "learning_rate has no meaning with mode=head", kPackaged);
  refuse({{"mini_batch_size", "32"}}, "give use_pretrained_model=1 to train all layers", kPackaged);
}

TEST(HyperParameters, AValueIsNoOption) {
  EXPECT_THAT(request({{"arch", "--out"}}).arguments, ElementsAre("--mode=scratch", "--arch=--out"));
}

TEST(HyperParameters, SaysWhatIsNotUsed) {
  EXPECT_THAT(request({{"resize", "256"}, {"checkpoint_frequency", "2"}, {"top_k", "5"}}).notes,
              ElementsAre(HasSubstr("resize"), HasSubstr("top_k"), HasSubstr("checkpoint_frequency")));
  EXPECT_THAT(request({}).notes, IsEmpty());
}

}  // namespace
}  // namespace graft
