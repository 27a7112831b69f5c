// Bytes: owned (Bytes) and borrowed (ByteView), and little-endian numbers in them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace graft {

using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;

inline ByteView as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}
inline std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The little-endian number at `offset`. REQUIRES: offset + sizeof(Number) <= bytes.size(). Every machine graft runs on
// is little-endian, so this is a copy.
template <typename Number>
Number load(ByteView bytes, std::size_t offset) {
  static_assert(std::is_trivially_copyable_v<Number>);
  Number number;
  std::memcpy(&number, bytes.data() + offset, sizeof number);
  return number;
}

template <typename Number>
void append(Bytes& bytes, Number number) {
  static_assert(std::is_trivially_copyable_v<Number>);
  const auto* begin = reinterpret_cast<const std::byte*>(&number);
  bytes.insert(bytes.end(), begin, begin + sizeof number);
}

}  // namespace graft
