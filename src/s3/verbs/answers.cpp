#include "s3/verbs.h"

namespace graft::s3 {

Response xml_answer(std::string xml) {
  return {.content_type = "application/xml", .body = std::move(xml)};
}

Response empty_answer(int status) {
  return {.status = status};
}

}  // namespace graft::s3
