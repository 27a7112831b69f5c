#include "s3/access_xml.h"

namespace graft::s3 {
namespace {

constexpr std::string_view kSchema = "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=";

}  // namespace

std::string access_xml(const std::string& account, bool is_public) {
  Xml xml("AccessControlPolicy");
  add_person(xml, "Owner", account);
  xml.open("AccessControlList");
  xml.open("Grant");
  add_person(xml, "Grantee", account, std::string(kSchema) + "\"CanonicalUser\"");
  xml.add("Permission", "FULL_CONTROL");
  xml.close();
  if (is_public) {
    xml.open("Grant");
    xml.open("Grantee", std::string(kSchema) + "\"Group\"");
    xml.add("URI", "http://acs.amazonaws.com/groups/global/AllUsers");
    xml.close();
    xml.add("Permission", "READ");
    xml.close();
  }
  return xml.finish();
}

std::string tags_xml(const Tags& tags) {
  Xml xml("Tagging");
  xml.open("TagSet");
  for (const auto& [key, value] : tags) {
    xml.open("Tag");
    xml.add("Key", key);
    xml.add("Value", value);
    xml.close();
  }
  return xml.finish();
}

}  // namespace graft::s3
