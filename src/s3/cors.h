// Which pages of other origins a browser lets ask a bucket (Cross-Origin Resource Sharing), by the bucket's rules.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace graft::s3 {

struct CorsRule {
  std::string id{};
  std::vector<std::string> origins{};      // "https://example.org", with one * at most
  std::vector<std::string> methods{};      // GET, PUT, POST, DELETE, HEAD
  std::vector<std::string> headers{};      // that a request may have; with one * at most, any case
  std::vector<std::string> exposed{};      // that the page may read
  std::optional<std::uint32_t> max_age{};  // seconds
};

// A CORSConfiguration and back. Throws MalformedXML, InvalidRequest.
std::vector<CorsRule> parse_cors(std::string_view xml);
std::string cors_xml(const std::vector<CorsRule>& rules);

// What a browser says of a request that it sends, or asks whether it may send (`headers`: those it asks for).
struct CorsQuestion {
  std::string origin{}, method{};
  std::vector<std::string> headers{};
};
// Of a preflight, OPTIONS. Throws BadRequest where it does not say what it asks.
CorsQuestion preflight_question(const Request& request);

// The first rule that lets it; null where none does.
const CorsRule* find_rule(const std::vector<CorsRule>& rules, const CorsQuestion& question);
// What the answer says to the browser then.
Headers cors_headers(const CorsRule& rule, const CorsQuestion& question);

}  // namespace graft::s3
