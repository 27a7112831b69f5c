#include "s3/verbs.h"
#include "s3/xml.h"

namespace graft::s3 {

Response xml_answer(std::string xml) {
  return {.content_type = "application/xml", .body = std::move(xml)};
}

Response empty_answer(int status) {
  return {.status = status};
}

Response error_answer(const WireError& error, const Request& request, const std::string& id) {
  Response response{.status = error.status};
  // A client reads neither of these further than to its status.
  if (request.method == "HEAD" || error.status == 304) return response;
  Xml xml("Error", "");
  xml.add("Code", error.code);
  xml.add("Message", error.message);
  xml.add("Resource", request.path);
  if (!id.empty()) xml.add("RequestId", id);
  response.content_type = "application/xml";
  response.body = xml.finish();
  return response;
}

}  // namespace graft::s3
