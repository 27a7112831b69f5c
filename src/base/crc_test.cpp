#include "base/crc.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace graft {
namespace {

// The plain definition, bit by bit.
std::uint64_t slow_crc(const Crc& kind, ByteView bytes) {
  const std::uint64_t ones = kind.bits == 64 ? ~std::uint64_t{0} : 0xffffffff;
  std::uint64_t state = ones;
  for (const std::byte byte : bytes) {
    state ^= static_cast<std::uint8_t>(byte);
    for (int bit = 0; bit < 8; ++bit) state = (state >> 1) ^ ((state & 1) ? kind.polynomial : 0);
  }
  return state ^ ones;
}

Bytes noise(std::size_t size) {
  Random random(Key{size});
  Bytes bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

// The catalogue of parametrised CRC algorithms (reveng) gives these for "123456789".
TEST(Crc, GivesTheCheckValuesOfTheCatalogue) {
  const ByteView digits = as_bytes("123456789");
  EXPECT_EQ(crc32(0, digits), 0xcbf43926);
  EXPECT_EQ(crc32c(0, digits), 0xe3069283);
  EXPECT_EQ(crc64nvme(0, digits), 0xae8b14860a799888ULL);
}

TEST(Crc, IsTheSameByFoldingAsBitByBit) {
  for (const std::size_t size : {0, 1, 7, 15, 63, 64, 65, 127, 128, 200, 1000, 4096, 10'001}) {
    const Bytes bytes = noise(size);
    EXPECT_EQ(crc32(0, bytes), slow_crc(kCrc32, bytes)) << size;
    EXPECT_EQ(crc32c(0, bytes), slow_crc(kCrc32c, bytes)) << size;
    EXPECT_EQ(crc64nvme(0, bytes), slow_crc(kCrc64Nvme, bytes)) << size;
  }
}

TEST(Crc, GoesOnWhereItStopped) {
  const Bytes bytes = noise(1000);
  for (const std::size_t cut : {0, 1, 64, 500, 999}) {
    const ByteView first = ByteView(bytes).first(cut), rest = ByteView(bytes).subspan(cut);
    EXPECT_EQ(crc32(crc32(0, first), rest), crc32(0, bytes));
    EXPECT_EQ(crc32c(crc32c(0, first), rest), crc32c(0, bytes));
    EXPECT_EQ(crc64nvme(crc64nvme(0, first), rest), crc64nvme(0, bytes));
  }
}

TEST(Crc, OfTwoPartsIsCombinedFromTheirs) {
  const Bytes bytes = noise(1000);
  for (const std::size_t cut : {0, 1, 64, 500, 1000}) {
    const ByteView first = ByteView(bytes).first(cut), rest = ByteView(bytes).subspan(cut);
    EXPECT_EQ(combine_crcs(kCrc32, crc32(0, first), crc32(0, rest), rest.size()), crc32(0, bytes));
    EXPECT_EQ(combine_crcs(kCrc32c, crc32c(0, first), crc32c(0, rest), rest.size()), crc32c(0, bytes));
    EXPECT_EQ(combine_crcs(kCrc64Nvme, crc64nvme(0, first), crc64nvme(0, rest), rest.size()), crc64nvme(0, bytes));
  }
}

}  // namespace
}  // namespace graft
