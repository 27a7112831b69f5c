#include "http/message.h"

#include "base/json.h"
#include "base/log.h"
#include "base/words.h"

namespace graft {

int status_of(Kind kind) {
  switch (kind) {
    case Kind::invalid:
      return 400;
    case Kind::denied:
      return 403;
    case Kind::not_found:
      return 404;
    case Kind::conflict:
      return 409;
    case Kind::unavailable:
      return 503;
    case Kind::internal:
      break;
  }
  return 500;
}

std::optional<std::string_view> find_header(const Headers& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (same_name(key, name)) return value;
  }
  return std::nullopt;
}

bool abandoned(const Request& request) {
  return request.hung_up && *request.hung_up;
}

Response error_response(int status, std::string_view sentence) {
  // Sentences quote what clients sent, which need not be UTF-8.
  const Json body = {{"error", sentence}};
  return {status, "application/json", body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"};
}

Response error_response(const std::exception& error) {
  const auto* known = dynamic_cast<const Error*>(&error);
  if (known && known->kind() != Kind::internal) return error_response(status_of(known->kind()), known->what());
  spdlog::error("a request failed: {}", error.what());
  return error_response(500, "the server failed to answer; its log says why");
}

}  // namespace graft
