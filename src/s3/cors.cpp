#include "s3/cors.h"

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "base/words.h"
#include "s3/errors.h"
#include "s3/xml.h"

namespace graft::s3 {
namespace {

constexpr std::size_t kMostRules = 100, kMostHeaders = 100;

// `pattern` has one * at most, for any characters.
bool matches(std::string_view pattern, std::string_view text) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == text;
  const std::string_view before = pattern.substr(0, star), behind = pattern.substr(star + 1);
  return text.size() >= before.size() + behind.size() && text.starts_with(before) && text.ends_with(behind);
}

bool allows(const CorsRule& rule, const CorsQuestion& question) {
  const auto origin = [&](const std::string& each) { return matches(each, question.origin); };
  const auto header = [&](const std::string& asked) {
    return std::ranges::any_of(rule.headers, [&](const auto& each) { return matches(lower(each), asked); });
  };
  return std::ranges::any_of(rule.origins, origin) &&
         std::ranges::find(rule.methods, question.method) != rule.methods.end() &&
         std::ranges::all_of(question.headers, header);
}

void check_rule(const CorsRule& rule) {
  demand(!rule.origins.empty() && !rule.methods.empty(), Code::malformed_xml,
         "each <CORSRule> needs an <AllowedOrigin> and an <AllowedMethod>");
  for (const std::string& method : rule.methods) {
    const bool known = method == "GET" || method == "PUT" || method == "POST" || method == "DELETE" || method == "HEAD";
    demand(known, Code::invalid_request, "Found unsupported HTTP method in CORS config. Unsupported method is ",
           method);
  }
  for (const auto& [list, what] : {std::pair(&rule.origins, "AllowedOrigin"), std::pair(&rule.headers, "AllowedHeader"),
                                   std::pair(&rule.exposed, "ExposeHeader")}) {
    const std::ptrdiff_t most = list == &rule.exposed ? 0 : 1;
    for (const std::string& each : *list) {
      const bool plain = std::ranges::all_of(each, [](unsigned char c) { return c > 0x20 && c != 0x7f; });
      demand(plain && std::ranges::count(each, '*') <= most, Code::invalid_request, what, " \"", each,
             "\" can not have more than ", most, " wildcards, nor blanks");
    }
  }
}

std::string joined(const std::vector<std::string>& words) {
  return join(words, ", ");
}

}  // namespace

std::vector<CorsRule> parse_cors(std::string_view xml) {
  std::vector<CorsRule> rules;
  for (const auto& fields : parse_groups(xml, "CORSConfiguration", "CORSRule", kMostRules)) {
    CorsRule rule;
    for (const auto& [name, value] : fields) {
      if (name == "ID") {
        rule.id = value;
      } else if (name == "AllowedOrigin") {
        rule.origins.push_back(value);
      } else if (name == "AllowedMethod") {
        rule.methods.push_back(value);
      } else if (name == "AllowedHeader") {
        rule.headers.push_back(value);
      } else if (name == "ExposeHeader") {
        rule.exposed.push_back(value);
      } else if (name == "MaxAgeSeconds") {
        const bool number =
            !value.empty() && value.size() < 10 && value.find_first_not_of("0123456789") == std::string::npos;
        demand(number, Code::malformed_xml, "<MaxAgeSeconds> has to be a number");
        rule.max_age = static_cast<std::uint32_t>(std::stoul(value));
      } else {
        refuse(Code::malformed_xml, "<", name, "> is no part of a <CORSRule>");
      }
    }
    demand(rule.id.size() <= 255, Code::invalid_request, "the <ID> of a rule has at most 255 characters");
    check_rule(rule);
    rules.push_back(std::move(rule));
  }
  demand(!rules.empty(), Code::malformed_xml, "<CORSConfiguration> has no <CORSRule>");
  return rules;
}

std::string cors_xml(const std::vector<CorsRule>& rules) {
  Xml xml("CORSConfiguration");
  for (const CorsRule& rule : rules) {
    xml.open("CORSRule");
    if (!rule.id.empty()) xml.add("ID", rule.id);
    for (const std::string& each : rule.headers) xml.add("AllowedHeader", each);
    for (const std::string& each : rule.methods) xml.add("AllowedMethod", each);
    for (const std::string& each : rule.origins) xml.add("AllowedOrigin", each);
    for (const std::string& each : rule.exposed) xml.add("ExposeHeader", each);
    if (rule.max_age) xml.add("MaxAgeSeconds", std::uint64_t{*rule.max_age});
    xml.close();
  }
  return xml.finish();
}

CorsQuestion preflight_question(const Request& request) {
  const auto origin = find_header(request.headers, "origin"),
             method = find_header(request.headers, "access-control-request-method");
  demand(origin.has_value(), Code::bad_request, "Insufficient information. Origin request header needed.");
  demand(method.has_value(), Code::bad_request,
         "Insufficient information. Access-Control-Request-Method request header needed.");
  CorsQuestion question{.origin = std::string(*origin), .method = std::string(*method)};
  std::string rest = lower(find_header(request.headers, "access-control-request-headers").value_or(""));
  std::erase(rest, ' ');
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    if (comma > 0) question.headers.push_back(rest.substr(0, comma));
    rest.erase(0, comma + 1);
    demand(question.headers.size() <= kMostHeaders, Code::bad_request, "Access-Control-Request-Headers has too many");
  }
  return question;
}

const CorsRule* find_rule(const std::vector<CorsRule>& rules, const CorsQuestion& question) {
  const auto found = std::ranges::find_if(rules, [&](const CorsRule& rule) { return allows(rule, question); });
  return found == rules.end() ? nullptr : &*found;
}

Headers cors_headers(const CorsRule& rule, const CorsQuestion& question) {
  const bool anyone = std::ranges::find(rule.origins, "*") != rule.origins.end();
  Headers headers{{"Access-Control-Allow-Origin", anyone ? "*" : question.origin},
                  {"Access-Control-Allow-Methods", joined(rule.methods)}};
  if (!anyone) headers.emplace_back("Access-Control-Allow-Credentials", "true");
  if (!question.headers.empty()) headers.emplace_back("Access-Control-Allow-Headers", joined(question.headers));
  if (!rule.exposed.empty()) headers.emplace_back("Access-Control-Expose-Headers", joined(rule.exposed));
  if (rule.max_age) headers.emplace_back("Access-Control-Max-Age", std::to_string(*rule.max_age));
  headers.emplace_back("Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method");
  return headers;
}

}  // namespace graft::s3
