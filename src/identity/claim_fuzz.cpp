// Any bytes as the header Authorization and as a query: no crash, and what is read has the form that is promised. What
// is signed is made of any bytes without a crash too.
#include <cstdlib>
#include <span>

#include "base/error.h"
#include "http/url.h"
#include "identity/canonical.h"
#include "identity/claim.h"

namespace {

void read(const graft::Request& request) {
  try {
    const auto claim = graft::read_claim(request);
    if (!claim) return;
    const bool old = claim->form == graft::Claim::Form::old_query;
    if (claim->access_key.empty() || claim->region.empty() || claim->service.empty()) std::abort();
    if (!old && (claim->day.size() != 8 || claim->signature.size() != 64 || claim->signed_headers.empty()))
      std::abort();
    if (claim->scope().find('\n') != std::string::npos) std::abort();
    graft::canonical_request(request, *claim, "/", "UNSIGNED-PAYLOAD");
    graft::old_string_to_sign(request, *claim, "/");
  } catch (const graft::Error& error) {
    if (error.code().empty()) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(graft::as_text(std::as_bytes(std::span(data, size))));
  read({.method = "GET",
        .target = "/",
        .path = "/",
        .headers = {{"Authorization", bytes}, {"X-Amz-Date", "20130524T000000Z"}, {"x-amz-security-token", bytes}}});
  if (auto target = graft::parse_target("/?" + bytes)) {
    read({.method = "GET", .target = "/?" + bytes, .path = target->path, .query = target->query});
  }
  if (graft::twice_encoded_path(bytes).find("//") != std::string::npos) std::abort();
  const std::string query = graft::canonical_query(bytes);
  if (graft::canonical_query(query) != query) std::abort();
  return 0;
}
