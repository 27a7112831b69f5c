#include "control/platform_pages.h"

#include <ctime>

#include "base/error.h"
#include "base/json.h"
#include "http/base64.h"
#include "identity/secret.h"

namespace graft {
namespace {

constexpr const char* kPrometheus = "text/plain; version=0.0.4";

// The account of "Basic base64(ACCESS_KEY:SECRET_KEY)". Throws Kind::denied where it is nobody's.
std::string account_of(std::string_view authorization, const Identity& identity) {
  static constexpr std::string_view kBasic = "Basic ";
  if (authorization.starts_with(kBasic)) {
    const Bytes words = decode_base64(authorization.substr(kBasic.size()));
    const std::string_view pair = as_text(words);
    const std::size_t colon = std::min(pair.find(':'), pair.size());
    const auto key = identity.find_key(std::string(pair.substr(0, colon)));
    const std::string_view secret = pair.substr(std::min(pair.size(), colon + 1));
    if (key && !key->revoked && same_secret(key->secret_key, secret)) return key->account;
  }
  fail(Kind::denied, "the access key and its secret are asked for as user and password");
}

Response health(bool ready) {
  return {.status = ready ? 200 : 503,
          .content_type = "application/json",
          .body = OrderedJson{{"status", ready ? "ok" : "not ready"}, {"version", GRAFT_VERSION}}.dump() + '\n'};
}

Response metrics(const Request& request, const PlatformState& state) {
  std::string body = state.metrics.text();
  if (const auto authorization = find_header(request.headers, "authorization")) {
    try {
      body += account_metrics(state.watched, account_of(*authorization, state.identity),
                              static_cast<double>(std::time(nullptr)));
    } catch (const Error& error) {
      Response response = error_response(401, error.what());
      response.headers.emplace_back("WWW-Authenticate", "Basic realm=\"graft\"");
      return response;
    }
  }
  return {.content_type = kPrometheus, .body = std::move(body)};
}

}  // namespace

Response platform_page(const Request& request, const PlatformState& state) {
  if (request.method != "GET" && request.method != "HEAD") return error_response(405, "this page is read with GET");
  Response response = request.path == "/_/health"    ? health(state.ready)
                      : request.path == "/_/metrics" ? metrics(request, state)
                                                     : error_response(404, "there are /_/health and /_/metrics");
  if (request.method == "HEAD") {
    response.length = response.body.size();
    response.body.clear();
  }
  return response;
}

}  // namespace graft
