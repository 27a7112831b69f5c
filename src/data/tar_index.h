// What a tar archive holds and where, so that its files can be read where they lie.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace graft {

// Why a member cannot be read as a file; none where it can.
enum class TarObstacle : std::uint8_t { none, link, hard_link, special, sparse, too_large, odd_name };

// In words, such as "a symbolic link".
std::string_view words_of(TarObstacle obstacle);

struct TarMember {
  std::uint64_t offset = 0;  // of its first byte, from the beginning of the archive
  std::uint32_t size = 0;
  TarObstacle obstacle = TarObstacle::none;
};

// Members in the order of their names, folders left out: a million take their names and 24 bytes each. Where a name
// occurs again, the last one counts, as when a tar is unpacked.
class TarIndex {
 public:
  // The larger is no picture.
  static constexpr std::uint32_t kMaxMemberBytes = 256 << 20;

  // Members in any order.
  struct Named {
    std::string name;
    TarMember member;
  };
  TarIndex() = default;
  explicit TarIndex(std::vector<Named> members);

  std::size_t size() const { return members_.size(); }
  // "ants/0013.jpg", without "./" before it.
  std::string_view name(std::size_t i) const;
  const TarMember& member(std::size_t i) const { return members_[i]; }
  std::optional<std::size_t> find(std::string_view name) const;
  // The first member whose name is not less than `name`; size() when there is none.
  std::size_t lower_bound(std::string_view name) const;

 private:
  std::string names_;
  std::vector<std::uint64_t> ends_;  // of each name in names_
  std::vector<TarMember> members_;
};

// Reads the headers of a tar archive: ustar, GNU's and pax. Every member that can be read lies within `content`. Throws
// when it is no tar, compressed, damaged, or cut off; `source` names it then.
TarIndex index_tar(ByteView content, std::string_view source);

}  // namespace graft
