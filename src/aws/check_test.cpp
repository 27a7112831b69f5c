#include "aws/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"

namespace graft::aws {
namespace {

constexpr TextRule kName{.least = 1, .most = 63, .pattern = "[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"};

template <typename Read>
std::string refusal(const Read& read) {
  try {
    read();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::string name_refusal(const Json& name, std::string_view at = "") {
  return refusal([&] { text_of({{"TrainingJobName", name}}, "TrainingJobName", kName, at); });
}

TEST(Check, NamesSpeakAwssWords) {
  EXPECT_EQ(name_refusal("job-1"), "");
  EXPECT_EQ(name_refusal("bad name!"),
            "1 validation error detected: Value 'bad name!' at 'trainingJobName' failed to satisfy constraint: Member "
            "must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}");
  EXPECT_EQ(
      name_refusal(std::string(64, 'a')),
      "1 validation error detected: Value '" + std::string(64, 'a') +
          "' at 'trainingJobName' failed to satisfy constraint: Member must have length less than or equal to 63");
  EXPECT_THAT(name_refusal(""), testing::HasSubstr("length greater than or equal to 1"));
  EXPECT_EQ(name_refusal(nullptr),
            "1 validation error detected: Value null at 'trainingJobName' failed to satisfy "
            "constraint: Member must not be null");
  EXPECT_EQ(name_refusal(5), "'trainingJobName' is not a string");
}

TEST(Check, PathsHaveSmallFirstLetters) {
  EXPECT_THAT(name_refusal("-", "InputDataConfig.1.member"),
              testing::HasSubstr("at 'inputDataConfig.1.member.trainingJobName'"));
}

TEST(Check, OneOf) {
  EXPECT_EQ(
      refusal([] {
        text_of({{"Mode", "Pipe"}}, "Mode", {.one_of = {"File", "FastFile"}});
      }),
      "1 validation error detected: Value 'Pipe' at 'mode' failed to satisfy constraint: Member must satisfy enum "
      "value set: [File, FastFile]");
  EXPECT_EQ(text_if(Json::object(), "Mode", {.one_of = {"File"}}), std::nullopt);
}

TEST(Check, NumbersMayBeTextsOfForms) {
  EXPECT_EQ(integer_of({{"Period", "60"}}, "Period"), 60);
  EXPECT_EQ(integer_of({{"Period", 60}}, "Period"), 60);
  EXPECT_EQ(number_if({{"Value", "1.5e3"}}, "Value"), 1500.0);
  EXPECT_EQ(refusal([] {
              integer_of({{"Period", 0}}, "Period", {.least = 1});
            }),
            "1 validation error detected: Value '0' at 'period' failed to satisfy constraint: Member must have value "
            "greater than or equal to 1");
  for (const Json& wrong : {Json("6x"), Json(""), Json(1.5), Json("inf"), Json("nan"), Json("1e400"), Json(true)}) {
    EXPECT_NE(refusal([&] { integer_of({{"Period", wrong}}, "Period"); }), "") << wrong;
  }
}

TEST(Check, ListsAndMapsHaveSizes) {
  EXPECT_THAT(refusal([] {
                list_of({{"Tags", {1, 2, 3}}}, "Tags", {.most = 2});
              }),
              testing::HasSubstr("length less than or equal to 2"));
  EXPECT_THAT(refusal([] { list_of(Json::object(), "Tags", {.least = 1}); }), testing::HasSubstr("must not be null"));
  EXPECT_TRUE(list_of({{"Tags", ""}}, "Tags").empty());
  EXPECT_EQ(map_of({{"E", {{"a", "b"}}}}, "E", {}, {}, {}),
            (std::vector<std::pair<std::string, std::string>>{{"a", "b"}}));
  EXPECT_NE(refusal([] { map_of({{"E", {{"a", 1}}}}, "E", {}, {}, {}); }), "");
  EXPECT_NE(refusal([] { map_of({{"E", {{"aa", "b"}}}}, "E", {}, {.most = 1}, {}); }), "");
  EXPECT_NE(refusal([] { map_of({{"E", {{"a", "b"}, {"c", "d"}}}}, "E", {.most = 1}, {}, {}); }), "");
}

TEST(Check, LongTextsDoNotExhaustThePatternsMatcher) {
  const TextRule rule{.most = 1 << 20, .pattern = ".*"};
  EXPECT_NE(refusal([&] { text_of({{"X", std::string(1 << 20, 'a')}}, "X", rule); }), "");
}

}  // namespace
}  // namespace graft::aws
