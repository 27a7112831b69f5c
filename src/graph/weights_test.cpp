#include "graph/weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "graph/builder.h"

namespace graft {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::uint16_t rounded(float value, DType type) {
  return load<std::uint16_t>(convert(make_tensor({1}, std::vector<float>{value}), type).bytes, 0);
}

Tensor raw(DType type, std::uint16_t number) {
  auto owner = std::make_shared<std::uint16_t>(number);
  return {type, {1}, std::as_bytes(std::span(owner.get(), 1)), owner};
}

// The nearest of all finite numbers of `type`, the even one of two: the definition, slowly.
std::uint16_t nearest(double value, DType type, std::uint16_t infinity) {
  const std::uint16_t sign = std::signbit(value) ? 0x8000 : 0;
  const double magnitude = std::abs(value);
  std::uint16_t low = 0, high = infinity;
  const auto number = [&](int bits) {
    // The first number too large for the type stands for infinity: rounding goes there from half way on.
    if (bits == infinity) return type == DType::f16 ? 65536.0 : 0x1p128;
    return static_cast<double>(to_floats(raw(type, static_cast<std::uint16_t>(bits)))[0]);
  };
  while (high - low > 1) {
    const auto middle = static_cast<std::uint16_t>((low + high) / 2);
    (number(middle) <= magnitude ? low : high) = middle;
  }
  const double below = magnitude - number(low), above = number(high) - magnitude;
  const bool up = above < below || (above == below && low % 2 == 1);
  return sign | (up ? high : low);
}

Graph small_graph() {
  GraphBuilder builder("small", Input{3, 8, 8});
  builder.begin_block("stem");
  NodeId x = builder.add("conv", Conv2d{.out_channels = 2}, {builder.input()});
  x = builder.features("pool", x);
  builder.begin_block("head");
  return builder.finish(builder.add("fc", Linear{2}, {x}));
}

Weights small_weights() {
  return {{"conv.weight", make_tensor({2, 3, 1, 1}, std::vector<float>(6, 1))},
          {"fc.weight", make_tensor({2, 2}, std::vector<float>(4, 2))},
          {"fc.bias", make_tensor({2}, std::vector<float>(2, 3))}};
}

TEST(Tensor, CountsItsElements) {
  EXPECT_EQ(count({}), 1);
  EXPECT_EQ(count({2, 3, 5}), 30);
  EXPECT_EQ(count({2, 0}), 0);
}

TEST(Tensor, RefusesAShapeThatOverflowsOrIsNegative) {
  EXPECT_THROW(count({std::int64_t{1} << 32, std::int64_t{1} << 31}), Error);
  EXPECT_THROW(count({2, -1}), Error);
}

TEST(Tensor, RefusesValuesThatDoNotFillItsShape) {
  EXPECT_THROW(make_tensor({2, 2}, std::vector<float>(3)), Error);
}

TEST(Tensor, EveryHalfSurvivesTheWayToFloatAndBack) {
  for (const DType type : {DType::f16, DType::bf16}) {
    for (int bits = 0; bits < 0x10000; ++bits) {
      const float value = to_floats(raw(type, static_cast<std::uint16_t>(bits)))[0];
      if (!std::isnan(value)) {
        ASSERT_EQ(rounded(value, type), bits) << name_of(type) << " " << value;
      }
    }
  }
}

TEST(Tensor, RoundsToTheNearestEvenHalf) {
  for (std::uint32_t bits = 0; bits < 0x7f800000u; bits += 30'011) {
    for (const std::uint32_t sign : {0u, 0x80000000u}) {
      const auto value = std::bit_cast<float>(bits | sign);
      ASSERT_EQ(rounded(value, DType::f16), nearest(value, DType::f16, 0x7c00)) << value;
      ASSERT_EQ(rounded(value, DType::bf16), nearest(value, DType::bf16, 0x7f80)) << value;
    }
  }
}

TEST(Tensor, RoundsTiesAndSubnormalsOfHalvesToEven) {
  EXPECT_EQ(rounded(1 + 0x1p-11f, DType::f16), 0x3c00);
  EXPECT_EQ(rounded(1 + 3 * 0x1p-11f, DType::f16), 0x3c02);
  EXPECT_EQ(rounded(0x1p-25f, DType::f16), 0x0000);
  EXPECT_EQ(rounded(3 * 0x1p-25f, DType::f16), 0x0002);
  EXPECT_EQ(rounded(65519.996f, DType::f16), 0x7bff);
  EXPECT_EQ(rounded(65520, DType::f16), 0x7c00);
  EXPECT_EQ(rounded(-0.0f, DType::f16), 0x8000);
  EXPECT_EQ(rounded(std::numeric_limits<float>::max(), DType::bf16), 0x7f80);
}

TEST(Tensor, KeepsInfinityAndNaN) {
  for (const DType type : {DType::f16, DType::bf16}) {
    EXPECT_EQ(to_floats(convert(make_tensor({1}, std::vector<float>{-kInfinity}), type))[0], -kInfinity);
    for (const std::uint32_t bits : {0x7f800001u, 0xffffffffu, 0x7fc00000u}) {
      EXPECT_TRUE(
          std::isnan(to_floats(convert(make_tensor({1}, std::vector<float>{std::bit_cast<float>(bits)}), type))[0]));
    }
  }
}

TEST(Weights, NamesTheTensorWhoseShapeIsWrong) {
  Weights weights = small_weights();
  weights["fc.weight"] = make_tensor({3, 2}, std::vector<float>(6));
  EXPECT_THAT(message_of([&] { check_weights(small_graph(), weights, "x.pth"); }),
              AllOf(HasSubstr("x.pth"), HasSubstr("small"), HasSubstr("fc.weight"), HasSubstr("[3, 2]"),
                    HasSubstr("[2, 2]"), HasSubstr("1 of 3")));
}

TEST(Weights, NamesTheTensorThatIsMissing) {
  Weights weights = small_weights();
  weights.erase("conv.weight");
  EXPECT_THAT(message_of([&] { check_weights(small_graph(), weights, "x.pth"); }),
              HasSubstr("conv.weight [2, 3, 1, 1] is missing"));
}

TEST(Weights, RefusesIntegersWhereFloatsAreWanted) {
  Weights weights = small_weights();
  weights["fc.bias"].type = DType::i32;
  EXPECT_THAT(message_of([&] { check_weights(small_graph(), weights, "x"); }), HasSubstr("holds I32"));
}

TEST(Weights, SelectsWhatTheGraphWantsAsFloats) {
  Weights weights = small_weights();
  weights["fc.bias"] = convert(weights["fc.bias"], DType::f16);
  weights["bn.num_batches_tracked"] = make_tensor({}, std::vector<float>(1));
  const Weights selected = select_weights(small_graph(), weights, "x");
  EXPECT_EQ(selected.size(), 3u);
  EXPECT_EQ(floats(selected.at("fc.bias"))[1], 3);
  EXPECT_EQ(selected.at("fc.weight").owner, weights.at("fc.weight").owner);
}

TEST(Weights, SelectsCopiesOfFloatsThatAreNotAligned) {
  Weights weights = small_weights();
  auto shifted = std::make_shared<std::vector<float>>(3, 0.0f);
  const float bias[] = {5, 6};
  std::memcpy(reinterpret_cast<std::byte*>(shifted->data()) + 1, bias, sizeof bias);
  weights["fc.bias"].bytes = std::as_bytes(std::span(*shifted)).subspan(1, sizeof bias);
  EXPECT_THROW(floats(weights["fc.bias"]), Error);
  EXPECT_EQ(floats(select_weights(small_graph(), weights, "x").at("fc.bias"))[1], 6);
}

TEST(Weights, FingerprintDependsOnGraphAndValuesButNotOnOtherWeights) {
  const Graph graph = small_graph();
  Weights weights = small_weights();
  const std::string before = fingerprint(graph, weights);
  weights["other"] = make_tensor({1}, std::vector<float>{1});
  EXPECT_EQ(fingerprint(graph, weights), before);
  weights["fc.bias"] = make_tensor({2}, std::vector<float>{3, 4});
  EXPECT_NE(fingerprint(graph, weights), before);
  Graph renamed = graph;
  renamed.architecture = "other";
  EXPECT_NE(fingerprint(renamed, small_weights()), before);
}

}  // namespace
}  // namespace graft
