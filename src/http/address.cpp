#include "http/address.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace graft {
namespace {

struct Range4 {
  std::array<std::uint8_t, 4> begin;
  int bits;
};

// https://www.iana.org/assignments/iana-ipv4-special-registry
constexpr std::array<Range4, 16> kSpecial4{{
    {{0, 0, 0, 0}, 8},        // this network
    {{10, 0, 0, 0}, 8},       // private
    {{100, 64, 0, 0}, 10},    // shared by carriers
    {{127, 0, 0, 0}, 8},      // loopback
    {{169, 254, 0, 0}, 16},   // link-local; clouds answer with credentials here
    {{172, 16, 0, 0}, 12},    // private
    {{192, 0, 0, 0}, 24},     // protocols
    {{192, 0, 2, 0}, 24},     // documentation
    {{192, 31, 196, 0}, 24},  // AS112
    {{192, 52, 193, 0}, 24},  // AMT
    {{192, 88, 99, 0}, 24},   // 6to4 relays
    {{192, 168, 0, 0}, 16},   // private
    {{192, 175, 48, 0}, 24},  // AS112
    {{198, 18, 0, 0}, 15},    // benchmarks
    {{198, 51, 100, 0}, 24},  // documentation
    {{203, 0, 113, 0}, 24},   // documentation
}};

struct Range6 {
  std::array<std::uint8_t, 4> begin;  // the first of its 16 bytes
  int bits;
};

// https://www.iana.org/assignments/iana-ipv6-special-registry, within 2000::/3: nothing else is of the public network.
constexpr std::array<Range6, 4> kSpecial6{{
    {{0x20, 0x01, 0x00, 0x00}, 23},  // protocols, among them Teredo
    {{0x20, 0x01, 0x0d, 0xb8}, 32},  // documentation
    {{0x20, 0x02, 0x00, 0x00}, 16},  // 6to4
    {{0x3f, 0xff, 0x00, 0x00}, 20},  // documentation
}};

std::uint32_t first_bits(const std::uint8_t* bytes, int bits) {
  const std::uint32_t number =
      (std::uint32_t{bytes[0]} << 24) | (std::uint32_t{bytes[1]} << 16) | (std::uint32_t{bytes[2]} << 8) | bytes[3];
  return number >> (32 - bits);
}

template <typename Ranges>
bool is_in(const Ranges& ranges, const std::uint8_t* bytes) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const auto& range) {
    return first_bits(bytes, range.bits) == first_bits(range.begin.data(), range.bits);
  });
}

bool is_public_4(const std::uint8_t* bytes) {
  return bytes[0] < 224 && !is_in(kSpecial4, bytes);  // 224/4 is multicast, 240/4 reserved
}

bool is_public_6(const std::uint8_t* bytes) {
  static constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};  // ::ffff:0:0/96
  static constexpr std::array<std::uint8_t, 12> kTranslated{0, 0x64, 0xff, 0x9b};                   // 64:ff9b::/96
  if (std::equal(kMapped.begin(), kMapped.end(), bytes)) return is_public_4(bytes + 12);
  if (std::equal(kTranslated.begin(), kTranslated.end(), bytes)) return is_public_4(bytes + 12);
  return first_bits(bytes, 3) == 1 && !is_in(kSpecial6, bytes);
}

}  // namespace

bool is_public(ByteView address) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(address.data());
  if (address.size() == 4) return is_public_4(bytes);
  return address.size() == 16 && is_public_6(bytes);
}

}  // namespace graft
