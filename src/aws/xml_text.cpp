#include "aws/xml_text.h"

#include <sstream>

namespace graft::aws {

void append_text(pugi::xml_node& parent, const char* name, std::string_view value) {
  std::string kept(value);
  for (char& c : kept) {
    if (static_cast<unsigned char>(c) < ' ' && c != '\t' && c != '\n' && c != '\r') c = '?';
  }
  parent.append_child(name).text().set(kept.c_str());
}

std::string to_text(const pugi::xml_document& document) {
  std::ostringstream out;
  document.save(out, "", pugi::format_raw, pugi::encoding_utf8);
  return out.str();
}

}  // namespace graft::aws
