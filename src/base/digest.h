// SHA-256: the name of a content. Feature caches, splits and bundles are keyed by it.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace graft {

using Digest = std::array<std::uint8_t, 32>;

Digest sha256(ByteView bytes);

// Digests a content that comes in pieces. Not thread-safe.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void update(ByteView bytes);
  // REQUIRES: called once, last.
  Digest finish();

 private:
  void* context_;
};

std::string hex(const Digest& digest);

// The first eight bytes as a number: uniform over contents, so a hash table or a split can use it as it is.
std::uint64_t prefix(const Digest& digest);

}  // namespace graft
