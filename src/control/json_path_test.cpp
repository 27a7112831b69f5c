#include "control/json_path.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "base/json.h"

namespace graft {
namespace {

using testing::HasSubstr;

Json value(std::string_view path, const char* record) {
  return select(parse_json_path(path), Json::parse(record));
}

std::string refusal(std::string_view path, const char* record = "{}") {
  try {
    value(path, record);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(JsonPath, LeadsToWhatItNames) {
  constexpr const char* kRecord = R"({"id": 7, "a": {"b": [1, 2, 3]}, "x y": null})";
  EXPECT_EQ(value("$", kRecord), Json::parse(kRecord));
  EXPECT_EQ(value("$.a.b[1]", kRecord), 2);
  EXPECT_EQ(value("$['a']['b'][-1]", kRecord), 3);
  EXPECT_EQ(value("$['id', 'x y']", kRecord), Json::parse(R"({"id": 7, "x y": null})"));
  EXPECT_EQ(value("$.a.*", kRecord), Json::parse("[[1, 2, 3]]"));
  EXPECT_EQ(value("$.a.*[0]", kRecord), Json::parse("[1]"));
}

TEST(JsonPath, TakesPartsOfLists) {
  EXPECT_EQ(value("$[0,-1]", "[1, 2, 3]"), Json::parse("[1, 3]"));
  EXPECT_EQ(value("$[1:]", "[1, 2, 3]"), Json::parse("[2, 3]"));
  EXPECT_EQ(value("$[:-1]", "[1, 2, 3]"), Json::parse("[1, 2]"));
  EXPECT_EQ(value("$[-9:9]", "[1, 2, 3]"), Json::parse("[1, 2, 3]"));
  EXPECT_EQ(value("$[2:1]", "[1, 2, 3]"), Json::array());
  EXPECT_EQ(value("$[0,2:,-1]", "[1, 2, 3, 4]"), Json::parse("[1, 3, 4, 4]"));
  EXPECT_EQ(value("$[*].a", R"([{"a": 1}, {"a": 2}])"), Json::parse("[1, 2]"));
}

TEST(JsonPath, SaysWhatIsWrong) {
  for (const char* path : {"", "a", "$a", "$.", "$..a", "$[", "$[]", "$[a]", "$['a'", "$['a", "$[1,]", "$[?(@.a)]",
                           "$[99999999999999999999]", "$.a b"}) {
    EXPECT_THAT(refusal(path), HasSubstr("is not understood at")) << path;
  }
  EXPECT_THAT(refusal("$." + std::string(70, 'a')), HasSubstr("63"));
  EXPECT_THAT(refusal("$.a"), HasSubstr("the record has no \"a\""));
  EXPECT_THAT(refusal("$[3]", "[1]"), HasSubstr("element 3 of a list of 1"));
  EXPECT_THAT(refusal("$[0]"), HasSubstr("no list"));
  EXPECT_THAT(refusal("$[:]"), HasSubstr("has none"));
  EXPECT_THAT(refusal("$.*", "1"), HasSubstr("*"));
  // A little in, much out.
  EXPECT_THAT(refusal("$[:,:][:,:][:,:][:,:][:,:][:,:][:,:][:,:][:,:][:,:][:,:][:,:]", "[[[[[[[[[[[[1]]]]]]]]]]]]"),
              HasSubstr("more than 4 times what the record has"));
}

}  // namespace
}  // namespace graft
