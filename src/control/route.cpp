#include "control/route.h"

#include "base/error.h"
#include "identity/claim.h"

namespace graft {
namespace {

std::string signing_name(const Request& request) {
  try {
    const auto claim = read_claim(request);
    return claim ? claim->service : "";
  } catch (const Error&) {
    // Said to the client by admit(), which reads it again.
    return "";
  }
}

bool is_form(const Request& request) {
  const auto type = find_header(request.headers, "content-type");
  return type && type->starts_with("application/x-www-form-urlencoded");
}

}  // namespace

Route route(const Request& request, bool bucket_in_host) {
  const std::string service = signing_name(request);
  const bool below = request.path.starts_with("/_/") || request.path == "/_";
  if (below && service.empty() && !bucket_in_host) return {Door::own, service};
  if (find_header(request.headers, "x-amz-target")) return {Door::json, service};
  if (service == "s3") return {Door::objects, service};
  if (service == "sagemaker" && request.path.starts_with("/endpoints/")) return {Door::runtime, service};
  if (!service.empty()) return {Door::query, service};
  // S3 has no such call, so it is told that it lacks a signature.
  const bool invocation = request.path.starts_with("/endpoints/") && request.path.ends_with("/invocations");
  if (invocation && request.method == "POST") return {Door::runtime, service};
  // An unsigned form on a bucket is an upload by a browser, and comes as multipart/form-data.
  if (request.path == "/" && request.method == "POST" && is_form(request)) return {Door::query, service};
  return {Door::objects, service};
}

}  // namespace graft
