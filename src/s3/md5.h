// MD5 (RFC 1321): the ETag of what was written at once. One content can only be digested one block after the other,
// which takes as long as receiving and writing it do; several contents can be digested side by side, in the lanes of a
// vector, in the time of one.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "base/bytes.h"

namespace graft::s3 {

// Of content that comes in pieces. Not thread-safe.
class Md5 {
 public:
  void update(ByteView bytes);
  // Its 16 bytes. Once, last.
  std::string finish();

  // The next piece of each of several contents.
  struct Piece {
    Md5* of;
    ByteView bytes;
  };
  static void update_all(std::span<const Piece> pieces);

 private:
  using State = std::array<std::uint32_t, 4>;
  // Fills up the block that was begun; gives the whole blocks that follow, and keeps what is behind them.
  ByteView begin(ByteView bytes);

  State state_{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  std::array<std::byte, 64> block_{};  // of it, length_ % 64 bytes are here
  std::uint64_t length_ = 0;
};

}  // namespace graft::s3
