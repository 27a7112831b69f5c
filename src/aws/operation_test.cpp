#include "aws/operation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"

namespace graft::aws {
namespace {

Service service() {
  return {"Shop",
          "Shop",
          "shop",
          {{"Buy",
            {{"Name", Support::done},
             {"Size.Width", Support::done},
             {"Parts[].Id", Support::done},
             {"Colour", Support::refused, "all are grey"},
             {"Tags", Support::ignored},
             {"Tags[].Secret", Support::refused}},
            [](const Caller&, const Json& input) { return input; }},
           {"Break", {}, [](const Caller&, const Json&) { return Json(Json::object().at("x")); }}}};
}

// "code: message" of what calling Buy with this throws; "" when it does not.
std::string refusal(const Json& input, std::string_view operation = "Buy") {
  try {
    call(service(), {}, operation, input);
  } catch (const Error& error) {
    return error.code() + ": " + error.what();
  }
  return "";
}

TEST(Call, RunsTheOperationWithoutWhatIsNull) {
  const Json input = {{"Name", nullptr}, {"Size", {{"Width", 3}}}, {"Parts", {{{"Id", 1}, {"Other", nullptr}}}}};
  EXPECT_EQ(call(service(), {}, "Buy", input), Json::parse(R"({"Size": {"Width": 3}, "Parts": [{"Id": 1}]})"));
}

TEST(Call, NamesAFieldThatItDoesNotKnowAtAnyDepth) {
  EXPECT_EQ(refusal({{"Nmae", 1}}), "ValidationException: Buy does not know the field \"Nmae\"");
  EXPECT_EQ(refusal({{"Size", {{"Height", 1}}}}), "ValidationException: Buy does not know the field \"Size.Height\"");
  EXPECT_EQ(refusal({{"Parts", {{{"Id", 1}}, {{"Color", 1}}}}}),
            "ValidationException: Buy does not know the field \"Parts[].Color\"");
}

TEST(Call, ANameWithADotIsNotAPath) {
  EXPECT_NE(refusal({{"Size.Width", 1}}), "");
  EXPECT_NE(refusal({{"Parts[]", 1}}), "");
}

TEST(Call, WhatIsBelowAFieldBelongsToIt) {
  EXPECT_EQ(refusal({{"Tags", {{{"Key", "a.b"}, {"c.d", {{"e", 1}}}}}}}), "");
  EXPECT_EQ(refusal({{"Tags", {{{"Secret", "x"}}}}}), "ValidationException: Buy refuses the field \"Tags[].Secret\"");
}

TEST(Call, SaysWhyAFieldIsRefused) {
  EXPECT_EQ(refusal({{"Colour", "red"}}), "ValidationException: Buy refuses the field \"Colour\": all are grey");
}

TEST(Call, ARefusedFieldMayAskForNothing) {
  for (const Json& nothing : {Json(false), Json(""), Json::array(), Json::object()}) {
    EXPECT_EQ(refusal({{"Colour", nothing}}), "");
  }
  EXPECT_NE(refusal({{"Colour", 0}}), "");
}

TEST(Call, NamesAnOperationThatThereIsNot) {
  EXPECT_EQ(refusal({}, "Sell"), "UnknownOperationException: graft does not have the operation \"Sell\" of Shop");
}

TEST(Call, WrongTypesAreTheClientsError) {
  EXPECT_THAT(refusal(Json::object(), "Break"), testing::StartsWith("SerializationException"));
  EXPECT_THAT(refusal(Json::array()), testing::StartsWith("SerializationException"));
}

TEST(Call, CutsLongNamesInItsSentences) {
  EXPECT_LT(refusal({{std::string(100'000, 'x'), 1}}).size(), 300U);
}

}  // namespace
}  // namespace graft::aws
