// Pages for people, as the build makes them of the .html files here.
#pragma once

#include <string_view>

namespace graft {

std::string_view page_html();

}  // namespace graft
