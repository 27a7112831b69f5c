// The bytes here are written by hand, after the format's own page.
#include "graph/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"

namespace graft {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Bytes file_of(std::string_view header, std::size_t data_size, std::uint64_t length) {
  Bytes bytes;
  append(bytes, length);
  for (char c : header) bytes.push_back(static_cast<std::byte>(c));
  for (std::size_t i = 0; i < data_size; ++i) bytes.push_back(static_cast<std::byte>(i));
  return bytes;
}
Bytes file_of(std::string_view header, std::size_t data_size) {
  return file_of(header, data_size, header.size());
}

Safetensors parse(const Bytes& bytes) {
  return parse_safetensors(bytes, nullptr, "a.safetensors");
}

std::string refusal(const Bytes& bytes) {
  try {
    parse(bytes);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

constexpr char kOneTensor[] = R"({"a":{"dtype":"U8","shape":[2,2],"data_offsets":[0,4]}})";

TEST(Safetensors, ReadsTensorsInPlace) {
  const Bytes bytes = file_of(
      R"({"__metadata__":{"format":"pt"},"b":{"dtype":"BF16","shape":[1],"data_offsets":[4,6]},)"
      R"("a":{"dtype":"U8","shape":[2,2],"data_offsets":[0,4]},"empty":{"dtype":"F32","shape":[0],"data_offsets":[6,6]}}  )",
      6);
  const Safetensors read = parse(bytes);
  EXPECT_EQ(read.metadata.at("format"), "pt");
  EXPECT_THAT(read.weights.at("a").shape, ElementsAre(2, 2));
  EXPECT_EQ(read.weights.at("a").bytes.data() + 4, read.weights.at("b").bytes.data());
  EXPECT_EQ(read.weights.at("b").bytes[1], std::byte{5});
  EXPECT_EQ(read.weights.at("empty").bytes.size(), 0u);
}

TEST(Safetensors, ReadsWhatItWrites) {
  const TemporaryFolder folder;
  Weights weights;
  weights["odd"] = convert(make_tensor({3}, std::vector<float>{1, 2, 3}), DType::f16);
  weights["scalar"] = make_tensor({}, std::vector<float>{7});
  weights["z\"\u00e9"] = make_tensor({1, 2}, std::vector<float>{4, 5});
  write_safetensors(folder.path() / "w.safetensors", weights, {{"key", "value"}});
  const Safetensors read = read_safetensors(folder.path() / "w.safetensors");
  EXPECT_EQ(read.metadata.at("key"), "value");
  EXPECT_EQ(read.weights.size(), 3u);
  EXPECT_THAT(floats(read.weights.at("z\"\u00e9")), ElementsAre(4, 5));
  EXPECT_THAT(floats(read.weights.at("scalar")), ElementsAre(7));
  EXPECT_THAT(to_floats(read.weights.at("odd")), ElementsAre(1, 2, 3));
}

TEST(Safetensors, RefusesToWriteNamesThatAreNotText) {
  const TemporaryFolder folder;
  EXPECT_THROW(write_safetensors(folder.path() / "w", {{"\xff", make_tensor({}, std::vector<float>{1})}}), Error);
}

TEST(Safetensors, RefusesEveryTruncation) {
  const Bytes whole = file_of(kOneTensor, 4);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_NE(refusal({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)}), "") << size;
  }
  EXPECT_EQ(refusal(whole), "");
}

TEST(Safetensors, RefusesAHeaderLengthThatCannotBe) {
  EXPECT_THAT(refusal(file_of(kOneTensor, 4, 1'000'000)), HasSubstr("truncated"));
  EXPECT_THAT(refusal(file_of(kOneTensor, 4, ~std::uint64_t{0})), HasSubstr("more than 100000000 bytes"));
}

TEST(Safetensors, RefusesHolesOverlapsAndBytesOfNoTensor) {
  EXPECT_THAT(refusal(file_of(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[1,5]}})", 5)),
              HasSubstr("a begins at byte 1"));
  EXPECT_THAT(refusal(file_of(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
                              R"("b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}})",
                              6)),
              HasSubstr("b begins at byte 2"));
  EXPECT_THAT(refusal(file_of(kOneTensor, 5)), HasSubstr("1 bytes at the end belong to no tensor"));
}

TEST(Safetensors, RefusesAShapeThatIsNotItsBytes) {
  EXPECT_THAT(refusal(file_of(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4)),
              HasSubstr("[2] of F32 does not take the 4 bytes"));
  EXPECT_THAT(refusal(file_of(R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}})", 4)),
              HasSubstr("no tensor has the shape"));
  EXPECT_NE(refusal(file_of(R"({"a":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,0]}})", 0)), "");
}

TEST(Safetensors, RefusesNumbersThatAreNotSizes) {
  for (const char* shape : {"[-1]", "[1.0]", "[true]", "\"4\"", "[18446744073709551615]"}) {
    const std::string header = text(R"({"a":{"dtype":"U8","shape":)", shape, R"(,"data_offsets":[0,1]}})");
    EXPECT_THAT(refusal(file_of(header, 1)), HasSubstr("shape")) << shape;
  }
  EXPECT_THAT(refusal(file_of(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}})", 1)),
              HasSubstr("not a begin and an end"));
  EXPECT_NE(refusal(file_of(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}})", 1)), "");
}

TEST(Safetensors, RefusesTypesItDoesNotKnow) {
  EXPECT_THAT(refusal(file_of(R"({"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}})", 1)),
              HasSubstr("F8_E4M3"));
}

TEST(Safetensors, RefusesRepeatedNames) {
  EXPECT_THAT(refusal(file_of(R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},)"
                              R"("a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}})",
                              0)),
              HasSubstr("a twice"));
}

TEST(Safetensors, RefusesHeadersThatAreNotSafetensors) {
  EXPECT_THAT(refusal(file_of("[]", 0)), HasSubstr("does not begin with {"));
  EXPECT_THAT(refusal(file_of("{\"a\":", 0)), HasSubstr("not valid JSON"));
  EXPECT_THAT(refusal(file_of("{\"a\":1}", 0)), HasSubstr("missing"));
  EXPECT_THAT(refusal(file_of("{\"a\":" + std::string(1000, '['), 0)), HasSubstr("nested deeper"));
  EXPECT_THAT(refusal(file_of(R"({"__metadata__":{"a":1}})", 0)), HasSubstr("wrong type"));
}

}  // namespace
}  // namespace graft
