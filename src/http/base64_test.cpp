#include "http/base64.h"

#include <gtest/gtest.h>

#include <string>

#include "base/error.h"

namespace graft {
namespace {

std::string decode(std::string_view text) {
  try {
    return std::string(as_text(decode_base64(text)));
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(Base64, DecodesTheExamplesOfItsRfc) {
  EXPECT_EQ(decode(""), "");
  EXPECT_EQ(decode("Zg=="), "f");
  EXPECT_EQ(decode("Zm8="), "fo");
  EXPECT_EQ(decode("Zm9v"), "foo");
  EXPECT_EQ(decode("Zm9vYg=="), "foob");
  EXPECT_EQ(decode("Zm9vYmE="), "fooba");
  EXPECT_EQ(decode("Zm9vYmFy"), "foobar");
  EXPECT_EQ(decode("+/+/"), "\xfb\xff\xbf");
}

TEST(Base64, SaysWhereItIsWrong) {
  EXPECT_EQ(decode("Zm9vY!Fy"), "base64: byte 5 is none of its digits");
  EXPECT_EQ(decode(" Zm9vYmF"), "base64: byte 0 is none of its digits");
  EXPECT_EQ(decode("Zm9v\nYmF"), "base64: byte 4 is none of its digits");
  EXPECT_EQ(decode("Zm9v\n\n\n\n"), "base64: byte 4 is none of its digits");
  EXPECT_EQ(decode("\n\n\n\nZm9v"), "base64: byte 0 is none of its digits");
  EXPECT_EQ(decode("Zg==Zg=="), "base64: byte 2 is none of its digits");
  EXPECT_EQ(decode("_-__"), "base64: byte 0 is none of its digits");
  EXPECT_EQ(decode("===="), "base64: byte 0 is none of its digits");
  EXPECT_EQ(decode(std::string("Zm9\0", 4)), "base64: byte 3 is none of its digits");
  EXPECT_EQ(decode("Zm9vYg"), "base64: ends at byte 6, which is no multiple of 4; pad it with '='");
  EXPECT_EQ(decode("Zh=="), "base64: byte 1 has bits that are not used");
  EXPECT_EQ(decode("Zm9="), "base64: byte 2 has bits that are not used");
}

}  // namespace
}  // namespace graft
