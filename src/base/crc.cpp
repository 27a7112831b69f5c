// All three are reflected CRCs: bit i of a number of n bits stands for x^(n-1-i), initial value and final xor are all
// ones. So one code does them all.
//
// Folding (Gopal et al., "Fast CRC computation for generic polynomials using PCLMULQDQ", 2009): a block of 16 bytes
// A = H x^64 + L that lies D bits before another can be added to it as H (x^(D+64) mod P) + L (x^D mod P), which leaves
// the remainder mod P what it is. Four blocks are folded over 64 bytes at a time; the 16 bytes that are left in the
// end have the CRC of all that was folded, and the table takes them. A carry-less product of reflected numbers stands
// one bit too low, so that the constants have one power of x less.
#include "base/crc.h"

#include <array>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace graft {
namespace {

std::uint64_t mask_of(const Crc& kind) {
  return kind.bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << kind.bits) - 1;
}

// a * x mod P.
constexpr std::uint64_t times_x(const Crc& kind, std::uint64_t a) {
  return (a >> 1) ^ ((a & 1) ? kind.polynomial : 0);
}

std::uint64_t multiply(const Crc& kind, std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  for (int i = kind.bits - 1; i >= 0; --i) {
    if ((a >> i) & 1) product ^= b;
    b = times_x(kind, b);
  }
  return product;
}

// x^n mod P.
std::uint64_t power_of_x(const Crc& kind, std::uint64_t n) {
  std::uint64_t result = std::uint64_t{1} << (kind.bits - 1), square = result >> 1;
  for (; n; n >>= 1) {
    if (n & 1) result = multiply(kind, result, square);
    square = multiply(kind, square, square);
  }
  return result;
}

using Tables = std::array<std::array<std::uint64_t, 256>, 8>;

// tables[k][b]: the CRC of the byte b with k zero bytes behind it.
constexpr Tables make_tables(const Crc& kind) {
  Tables tables{};
  for (std::uint64_t byte = 0; byte < 256; ++byte) {
    std::uint64_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = times_x(kind, value);
    tables[0][byte] = value;
  }
  for (std::size_t k = 1; k < tables.size(); ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint64_t before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

std::uint64_t by_table(const Tables& tables, std::uint64_t state, ByteView bytes) {
  while (bytes.size() >= 8) {
    const std::uint64_t word = load<std::uint64_t>(bytes, 0) ^ state;
    state = 0;
    for (std::size_t k = 0; k < 8; ++k) state ^= tables[7 - k][(word >> (8 * k)) & 0xff];
    bytes = bytes.subspan(8);
  }
  for (const std::byte byte : bytes) state = (state >> 8) ^ tables[0][(state ^ static_cast<std::uint8_t>(byte)) & 0xff];
  return state;
}

#if defined(__x86_64__)

// x^(D+63) and x^(D-1) mod P, for the first and the second half of a block.
struct Fold {
  std::uint64_t first, second;
};

Fold make_fold(const Crc& kind, std::uint64_t distance) {
  const int shift = 64 - kind.bits;
  return {power_of_x(kind, distance + 63) << shift, power_of_x(kind, distance - 1) << shift};
}

constexpr std::size_t kStride = 64;

__attribute__((target("pclmul,sse4.1"))) __m128i fold(__m128i block, __m128i by, __m128i next) {
  const __m128i first = _mm_clmulepi64_si128(block, by, 0x00);
  const __m128i second = _mm_clmulepi64_si128(block, by, 0x11);
  return _mm_xor_si128(next, _mm_xor_si128(first, second));
}

__attribute__((target("pclmul,sse4.1"))) __m128i load_block(const std::byte* at) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
}

// Folds all whole strides of `bytes`, of which there is one at least.
__attribute__((target("pclmul,sse4.1"))) std::uint64_t by_folding(const Tables& tables, const Fold& far,
                                                                  const Fold& near, std::uint64_t state,
                                                                  ByteView bytes) {
  const __m128i far_by = _mm_set_epi64x(static_cast<long long>(far.second), static_cast<long long>(far.first));
  const __m128i near_by = _mm_set_epi64x(static_cast<long long>(near.second), static_cast<long long>(near.first));
  const std::byte* at = bytes.data();
  __m128i blocks[4];
  for (int i = 0; i < 4; ++i) blocks[i] = load_block(at + 16 * i);
  blocks[0] = _mm_xor_si128(blocks[0], _mm_cvtsi64_si128(static_cast<long long>(state)));
  for (std::size_t strides = bytes.size() / kStride - 1; strides > 0; --strides) {
    at += kStride;
    for (int i = 0; i < 4; ++i) blocks[i] = fold(blocks[i], far_by, load_block(at + 16 * i));
  }
  for (int i = 1; i < 4; ++i) blocks[i] = fold(blocks[i - 1], near_by, blocks[i]);
  std::array<std::byte, 16> rest;
  _mm_storeu_si128(reinterpret_cast<__m128i*>(rest.data()), blocks[3]);
  state = by_table(tables, 0, rest);
  return by_table(tables, state, bytes.subspan(bytes.size() / kStride * kStride));
}

bool can_fold() {
  static const bool answer = __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
  return answer;
}

#endif

template <const Crc& kind>
std::uint64_t checksum(std::uint64_t crc, ByteView bytes) {
  static constexpr Tables tables = make_tables(kind);
  const std::uint64_t state = crc ^ mask_of(kind);
#if defined(__x86_64__)
  static const Fold far = make_fold(kind, 8 * kStride), near = make_fold(kind, 128);
  if (bytes.size() >= kStride && can_fold()) return by_folding(tables, far, near, state, bytes) ^ mask_of(kind);
#endif
  return by_table(tables, state, bytes) ^ mask_of(kind);
}

}  // namespace

std::uint32_t crc32(std::uint32_t crc, ByteView bytes) {
  return static_cast<std::uint32_t>(checksum<kCrc32>(crc, bytes));
}

std::uint32_t crc32c(std::uint32_t crc, ByteView bytes) {
  return static_cast<std::uint32_t>(checksum<kCrc32c>(crc, bytes));
}

std::uint64_t crc64nvme(std::uint64_t crc, ByteView bytes) {
  return checksum<kCrc64Nvme>(crc, bytes);
}

std::uint64_t combine_crcs(const Crc& kind, std::uint64_t crc_a, std::uint64_t crc_b, std::uint64_t length) {
  return multiply(kind, crc_a, power_of_x(kind, 8 * length)) ^ crc_b;
}

}  // namespace graft
