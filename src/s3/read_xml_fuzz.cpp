// Any bytes as the XML of S3's requests: read, or refused with an error of S3's.
#include <cstdlib>
#include <span>

#include "base/error.h"
#include "s3/cors.h"
#include "s3/xml.h"

namespace {

template <typename Parse>
void attempt(const Parse& parse) {
  try {
    parse();
  } catch (const graft::Error& error) {
    if (error.code().empty()) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace s3 = graft::s3;
  const std::string_view xml = graft::as_text(std::as_bytes(std::span(data, size)));
  attempt([&] {
    if (s3::parse_delete(xml).items.size() > 1000) std::abort();
  });
  attempt([&] {
    if (s3::parse_complete(xml).size() > 10'000) std::abort();
  });
  attempt([&] { s3::parse_location(xml); });
  attempt([&] { s3::parse_tagging(xml); });
  attempt([&] { s3::parse_text(xml, "VersioningConfiguration", "Status"); });
  attempt([&] { s3::parse_public_acl(xml, "000000000001"); });
  attempt([&] {
    const std::string written = s3::cors_xml(s3::parse_cors(xml));
    if (s3::cors_xml(s3::parse_cors(written)) != written) std::abort();
  });
  return 0;
}
