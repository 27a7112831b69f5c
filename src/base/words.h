// Names as the internet's protocols compare them: without regard to the case of ASCII letters, whatever the locale.
#pragma once

#include <string>
#include <string_view>

namespace graft {

char lower(char c);
std::string lower(std::string_view words);
bool same_name(std::string_view a, std::string_view b);

// Without the spaces and tabs at its ends.
std::string_view trimmed(std::string_view words);

}  // namespace graft
