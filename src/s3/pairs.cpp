#include "s3/pairs.h"

namespace graft::s3 {

std::string pack(const Headers& pairs) {
  std::string packed;
  for (const auto& [name, value] : pairs) {
    packed.append(name).push_back('\0');
    packed.append(value).push_back('\0');
  }
  return packed;
}

Headers unpack(ByteView packed) {
  std::string_view rest = as_text(packed);
  const auto take = [&rest] {
    const std::size_t end = std::min(rest.find('\0'), rest.size());
    std::string word(rest.substr(0, end));
    rest.remove_prefix(std::min(rest.size(), end + 1));
    return word;
  };
  Headers pairs;
  while (!rest.empty()) {
    std::string name = take();
    pairs.emplace_back(std::move(name), take());
  }
  return pairs;
}

}  // namespace graft::s3
