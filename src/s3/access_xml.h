// Who may read, and tags, as XML.
#pragma once

#include "s3/xml.h"

namespace graft::s3 {

std::string access_xml(const std::string& account, bool is_public);
std::string tags_xml(const Tags& tags);

}  // namespace graft::s3
