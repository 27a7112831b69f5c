#include <gtest/gtest.h>

#include "image/codec.h"

namespace graft {
namespace {

using namespace std::string_literals;

constexpr std::string_view kEntry("\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00", 12);

TEST(Exif, ReadsBothByteOrders) {
  EXPECT_EQ(exif_orientation(as_bytes("II*\0\x08\0\0\0\x01\0"s + std::string(kEntry))), 6);
  EXPECT_EQ(exif_orientation(as_bytes("Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x08\0\0"s)), 8);
}

TEST(Exif, TakesDamageForUpright) {
  const std::string whole = "II*\0\x08\0\0\0\x01\0"s + std::string(kEntry.substr(0, 10));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(exif_orientation(as_bytes(std::string_view(whole).substr(0, size))), 1) << size;
  }
  EXPECT_EQ(exif_orientation(as_bytes("II*\0\xFF\xFF\xFF\xFF\x01\0"s)), 1);
  EXPECT_EQ(exif_orientation(as_bytes("II*\0\x08\0\0\0\xFF\xFF"s)), 1);
}

}  // namespace
}  // namespace graft
