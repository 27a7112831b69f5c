// A tar is indexed or refused. What is indexed lies within the archive, is in order, and is found by its name.
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "data/tar.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace graft;
  try {
    const TarIndex index = index_tar(std::as_bytes(std::span(data, size)), "fuzz");
    for (std::size_t i = 0; i < index.size(); ++i) {
      const TarMember& member = index.member(i);
      if (i > 0 && !(index.name(i - 1) < index.name(i))) std::abort();
      if (index.find(index.name(i)) != i) std::abort();
      if (member.obstacle != TarObstacle::none) continue;
      if (member.offset > size || member.size > size - member.offset) std::abort();
      if (normal_member(index.name(i)) != index.name(i)) std::abort();
    }
  } catch (const Error&) {
  }
  return 0;
}
