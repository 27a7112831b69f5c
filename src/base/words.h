// Text from outside, compared and cut.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace graft {

// Names as the internet's protocols compare them: without regard to the case of ASCII letters, whatever the locale.
char lower(char c);
std::string lower(std::string_view words);
bool same_name(std::string_view a, std::string_view b);

// Without the spaces and tabs at its ends.
std::string_view trimmed(std::string_view words);

// At most so many bytes of UTF-8 from its beginning, not cut within a character.
std::string_view cut(std::string_view words, std::size_t most);

}  // namespace graft
