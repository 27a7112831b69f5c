// The CRCs that object stores check contents with. `crc` is that of what came before, 0 at the start. With carry-less
// multiplication where the processor has it: then they cost a twentieth of a second per gigabyte.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace graft {

// The generator polynomial with its bits reversed, as tables of these CRCs are made.
struct Crc {
  std::uint64_t polynomial;
  int bits;
};
constexpr Crc kCrc32{0xedb88320, 32};                 // zlib's
constexpr Crc kCrc32c{0x82f63b78, 32};                // Castagnoli's
constexpr Crc kCrc64Nvme{0x9a6c9329ac4bc9b5ULL, 64};  // NVM Express's

std::uint32_t crc32(std::uint32_t crc, ByteView bytes);
std::uint32_t crc32c(std::uint32_t crc, ByteView bytes);
std::uint64_t crc64nvme(std::uint64_t crc, ByteView bytes);

// The CRC of A and B behind each other, where B has `length` bytes.
std::uint64_t combine_crcs(const Crc& kind, std::uint64_t crc_a, std::uint64_t crc_b, std::uint64_t length);

}  // namespace graft
