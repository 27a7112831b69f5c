#include "http/media_type.h"

#include <gtest/gtest.h>

#include <array>

namespace graft {
namespace {

TEST(MediaType, IsParsedWithItsParameters) {
  const auto type = parse_media_type(" Multipart/Form-Data ; BOUNDARY=\"a \\\" b\\\\;c\"; charset=utf-8;");
  ASSERT_TRUE(type);
  EXPECT_EQ(type->name, "multipart/form-data");
  EXPECT_EQ(type->parameters, (std::map<std::string, std::string>{{"boundary", "a \" b\\;c"}, {"charset", "utf-8"}}));
  EXPECT_EQ(parse_media_type("image/svg+xml")->name, "image/svg+xml");
  EXPECT_EQ(parse_disposition("form-data; filename=\"C:\\new\\x.jpg\"")->parameters.at("filename"), "C:\\new\\x.jpg");
}

TEST(MediaType, IsNothingWhenItIsNone) {
  for (const char* text : {"", "image", "image/", "/jpeg", "image/jpeg x", "image/jpeg; =x", "image/jpeg; a", "a b/c",
                           "image/jpeg; a=\"open", "image/jpeg; a=", "image/jpeg; a=1; A=2", "image//jpeg"}) {
    EXPECT_FALSE(parse_media_type(text)) << text;
  }
}

TEST(MediaType, IsChosenAsTheClientLikes) {
  static constexpr std::array<std::string_view, 3> kOffered{"application/json", "text/csv", "application/jsonlines"};
  const auto chosen = [](std::string_view accept) {
    const auto index = choose_type(accept, kOffered);
    return index ? kOffered[*index] : "none";
  };
  // Examples in the spirit of RFC 9110 12.5.1.
  EXPECT_EQ(chosen(""), "application/json");
  EXPECT_EQ(chosen("*/*"), "application/json");
  EXPECT_EQ(chosen("text/csv"), "text/csv");
  EXPECT_EQ(chosen("TEXT/CSV"), "text/csv");
  EXPECT_EQ(chosen("text/*"), "text/csv");
  EXPECT_EQ(chosen("image/png"), "none");
  EXPECT_EQ(chosen("*/*, text/csv"), "text/csv");
  EXPECT_EQ(chosen("application/json;q=0.5, text/csv;q=0.501"), "text/csv");
  EXPECT_EQ(chosen("application/json;q=0.5, */*;q=0.1"), "application/json");
  EXPECT_EQ(chosen("application/json;q=0, */*"), "text/csv");
  EXPECT_EQ(chosen("application/*;q=0.2, application/jsonlines;q=0.9"), "application/jsonlines");
  EXPECT_EQ(chosen("application/json;q=0"), "none");
  EXPECT_EQ(chosen("application/jsonlines; verbose=true"), "application/jsonlines");
  EXPECT_EQ(chosen("x/y;a=\",text/csv,\", application/jsonlines"), "application/jsonlines");
  EXPECT_EQ(chosen(",, nonsense ,text/csv;q=1.000"), "text/csv");
  EXPECT_EQ(chosen("text/csv;q=2, application/jsonlines;q=0.001"), "application/jsonlines");
  EXPECT_EQ(chosen("nonsense"), "application/json");
  EXPECT_FALSE(choose_type("", {}));
}

}  // namespace
}  // namespace graft
