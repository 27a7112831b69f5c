#include "aws/form.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"

namespace graft::aws {
namespace {

using testing::HasSubstr;

Json read(std::string_view body) {
  return form_as_json(parse_form(body));
}

TEST(Form, IsDecoded) {
  const auto form = parse_form("Action=A&&b+c=%2F%3d&empty=&bare&Action=B");
  EXPECT_EQ(form, (std::map<std::string, std::string>{{"Action", "A"}, {"b c", "/="}, {"empty", ""}, {"bare", ""}}));
}

TEST(Form, RefusesBadEscapesAndTooManyFields) {
  EXPECT_THROW(parse_form("a=%2"), Error);
  EXPECT_THROW(parse_form("a=%zz"), Error);
  std::string many;
  for (int i = 0; i < 60'000; ++i) many += "&a" + std::to_string(i);
  EXPECT_THROW(parse_form(many), Error);
}

TEST(Form, PathsBecomeStructuresAndLists) {
  EXPECT_EQ(read("Action=X&Version=1&Dimensions.member.1.Name=a&Dimensions.member.1.Value=b&Dimensions.member.2.Name=c"
                 "&Period=60&A.B.C=d"),
            Json::parse(R"({"Dimensions": [{"Name": "a", "Value": "b"}, {"Name": "c"}], "Period": "60",
                            "A": {"B": {"C": "d"}}})"));
}

TEST(Form, ListsAreInTheOrderOfTheirNumbers) {
  EXPECT_EQ(read("A.member.10=c&A.member.9=b&A.member.1=a"), Json::parse(R"({"A": ["a", "b", "c"]})"));
}

TEST(Form, RefusesPathsThatAreNone) {
  for (const char* body :
       {"A=1&A.B=2", "A..B=1", ".A=1", "=1", "A.member.x=1", "A.member.0=1", "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q=1"}) {
    EXPECT_THROW(read(body), Error) << body;
  }
}

TEST(QueryAnswer, IsXmlWithMembers) {
  const Json result = {{"Points", {{{"Sum", 1.5}}, "x"}}, {"Label", "a&b"}, {"Nothing", nullptr}, {"Yes", true}};
  const std::string body = query_answer("Get", "urn:x", result).body;
  EXPECT_THAT(body, HasSubstr("<GetResponse xmlns=\"urn:x\"><GetResult><Label>a&amp;b</Label><Points><member><Sum>1.5"
                              "</Sum></member><member>x</member></Points><Yes>true</Yes></GetResult>"
                              "<ResponseMetadata><RequestId>"));
}

TEST(QueryAnswer, EntriesOfMapsAreNoMembers) {
  EXPECT_THAT(query_answer("Get", "urn:x", Json::parse(R"({"Map": {"entry": [{"key": "a"}, {"key": "b"}]}})")).body,
              HasSubstr("<Map><entry><key>a</key></entry><entry><key>b</key></entry></Map>"));
}

TEST(QueryAnswer, WithoutOutputHasNoResult) {
  EXPECT_THAT(query_answer("Put", "urn:x", nullptr).body, HasSubstr("<PutResponse xmlns=\"urn:x\"><ResponseMetadata>"));
}

}  // namespace
}  // namespace graft::aws
