// pugixml (pugixml.org) as answers are written with it.
#pragma once

#include <pugixml.hpp>
#include <string>
#include <string_view>

namespace graft::aws {

// <name>value</name>; characters that XML 1.0 cannot hold become '?'.
void append_text(pugi::xml_node& parent, const char* name, std::string_view value);

// The document in one line, with the XML declaration.
std::string to_text(const pugi::xml_document& document);

}  // namespace graft::aws
