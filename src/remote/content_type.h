// Only for remote/.
#pragma once

#include <string>
#include <string_view>

namespace graft {

// What an object of this name is stored as: browsers show a report.html that has the right one.
std::string content_type(std::string_view name);

}  // namespace graft
