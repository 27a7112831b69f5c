#include "base/words.h"

#include <algorithm>

namespace graft {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lower(std::string_view words) {
  std::string result(words);
  for (char& c : result) c = lower(c);
  return result;
}

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view words) {
  words.remove_prefix(std::min(words.find_first_not_of(" \t"), words.size()));
  return words.substr(0, words.find_last_not_of(" \t") + 1);
}

std::string_view cut(std::string_view words, std::size_t most) {
  if (words.size() <= most) return words;
  while (most > 0 && (static_cast<unsigned char>(words[most]) & 0xc0) == 0x80) --most;
  return words.substr(0, most);
}

}  // namespace graft
