// Whatever answers in a store's place, its list is read or refused, and what is read can be used.
#include <cstdlib>

#include "base/error.h"
#include "remote/s3_xml.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view xml(reinterpret_cast<const char*>(data), size);
  const graft::S3Problem problem = graft::parse_problem(xml);
  if (problem.code.size() > 300 || problem.message.find('\n') != std::string::npos) std::abort();
  try {
    if (graft::parse_upload_id(xml, "fuzz").empty()) std::abort();
  } catch (const graft::Error&) {
  }
  try {
    const graft::ObjectPage page = graft::parse_object_page(xml, "fuzz");
    for (const graft::RemoteObject& object : page.objects) {
      if (object.etag.find('"') != std::string::npos) std::abort();
    }
  } catch (const graft::Error& error) {
    if (error.kind() != graft::Kind::unavailable) std::abort();
  }
  return 0;
}
