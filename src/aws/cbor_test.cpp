#include "aws/cbor.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"

namespace graft::aws {
namespace {

Json parse(std::initializer_list<unsigned> bytes) {
  Bytes data;
  for (const unsigned byte : bytes) data.push_back(static_cast<std::byte>(byte));
  return parse_cbor(data);
}

// Examples of RFC 8949, appendix A.
TEST(Cbor, ReadsTheExamplesOfItsDocument) {
  EXPECT_EQ(parse({0x17}), 23);
  EXPECT_EQ(parse({0x19, 0x03, 0xe8}), 1000);
  EXPECT_EQ(parse({0x39, 0x03, 0xe7}), -1000);
  EXPECT_EQ(parse({0xf9, 0x3e, 0x00}), 1.5);
  EXPECT_EQ(parse({0xf9, 0x00, 0x01}), 5.960464477539063e-8);
  EXPECT_EQ(parse({0xfa, 0x47, 0xc3, 0x50, 0x00}), 100000.0);
  EXPECT_EQ(parse({0xfb, 0x3f, 0xf1, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a}), 1.1);
  EXPECT_EQ(parse({0xf5}), true);
  EXPECT_EQ(parse({0xf6}), nullptr);
  EXPECT_EQ(parse({0xc1, 0x1a, 0x51, 0x4b, 0x67, 0xb0}), 1363896240);
  EXPECT_EQ(parse({0x82, 0x61, 'a', 0xa1, 0x61, 'b', 0x61, 'c'}), Json::parse(R"(["a", {"b": "c"}])"));
  EXPECT_EQ(parse({0xbf, 0x61, 'a', 0x9f, 0x01, 0xff, 0xff}), Json::parse(R"({"a": [1]})"));
  EXPECT_EQ(parse({0x7f, 0x61, 'a', 0x62, 'b', 'c', 0xff}), "abc");
}

TEST(Cbor, RefusesWhatIsNone) {
  EXPECT_THROW(parse({}), Error);
  EXPECT_THROW(parse({0x82, 0x01}), Error);
  EXPECT_THROW(parse({0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}), Error);
  EXPECT_THROW(parse({0x7b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 'a'}), Error);
  EXPECT_THROW(parse({0x01, 0x01}), Error);
  EXPECT_THROW(parse({0x41, 0x01}), Error);
  EXPECT_THROW(parse({0xa1, 0x01, 0x01}), Error);
  EXPECT_THROW(parse({0xff}), Error);
  EXPECT_THROW(parse_cbor(Bytes(1 << 20, std::byte{0x81})), Error);
  EXPECT_THROW(parse_cbor(Bytes(1 << 20, std::byte{0xc1})), Error);
}

TEST(Cbor, WhatIsWrittenIsReadTheSame) {
  const Json json = Json::parse(R"({"a": [1, -1, 24, 256, -70000, 5000000000, 1.5, true, null, "x"], "b": {}})");
  EXPECT_EQ(parse_cbor(as_bytes(to_cbor(json))), json);
}

TEST(Cbor, TimesAreTagged) {
  const auto is_time = [](std::string_view name) { return name == "Timestamps"; };
  EXPECT_EQ(to_cbor({{"Timestamps", {1, 2}}}, is_time), "\xa1\x6aTimestamps\x82\xc1\x01\xc1\x02");
  EXPECT_EQ(to_cbor({{"Values", {1}}}, is_time), "\xa1\x66Values\x81\x01");
}

}  // namespace
}  // namespace graft::aws
