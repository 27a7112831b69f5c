// What programs say, as text that logs and JSON take. Only for runner/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace graft {

// The same with what is no UTF-8 replaced.
std::string valid_utf8(std::string text);

// Whether a system call's words on a full disk are among these.
bool says_disk_is_full(std::string_view words);

// Takes whole lines out of what was read: without their ends, in pieces where they are longer than a log takes. What
// follows the last line's end is left in `pending`, unless `all`.
std::vector<std::string> take_lines(std::string& pending, bool all);

}  // namespace graft
