// Authorization: AWS4-HMAC-SHA256 Credential=KEY/DAY/REGION/SERVICE/aws4_request, SignedHeaders=a;b, Signature=HEX
// ?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=..&X-Amz-Date=..&X-Amz-Expires=..&X-Amz-SignedHeaders=..&X-Amz-Signature=..
// ?AWSAccessKeyId=KEY&Expires=SECONDS&Signature=BASE64
#include "identity/claim.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "base/error.h"
#include "base/words.h"
#include "identity/time_text.h"

namespace graft {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::size_t kMostSignedHeaders = 100;
constexpr std::size_t kMostWord = 128;  // of a key's, region's or service's name
constexpr std::int64_t kMostExpires = 7 * 86400;

// What one of the two forms of Signature V4 calls its errors.
struct Words {
  const char* code;
  const char* place;
};
constexpr Words kHeaderWords{"AuthorizationHeaderMalformed", "the header Authorization"};
constexpr Words kQueryWords{"AuthorizationQueryParametersError", "the query"};

template <typename... Parts>
void check(bool ok, const Words& words, const Parts&... parts) {
  if (!ok) throw Error(Kind::invalid, words.code, text(words.place, ": ", parts...));
}

std::vector<std::string_view> split(std::string_view list, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(separator, begin), list.size());
    parts.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

// Regions and services go into names of resources and into logs.
bool is_word(std::string_view word) {
  return !word.empty() && word.size() <= kMostWord && std::ranges::all_of(word, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  });
}

void read_credential(std::string_view credential, const Words& words, Claim& claim) {
  // A key may hold slashes, so the scope is what the end says.
  std::vector<std::string_view> parts = split(credential, '/');
  check(parts.size() == 5 && parts[4] == "aws4_request", words,
        "the credential must be KEY/DAY/REGION/SERVICE/aws4_request");
  check(is_word(parts[0]), words, "the access key is not made of letters and digits");
  check(parse_compact_time(std::string(parts[1]) + "T000000Z").has_value(), words, "\"", parts[1].substr(0, 20),
        "\" is not a day like 20130524");
  check(is_word(parts[2]) && is_word(parts[3]), words,
        "region and service must be made of letters, digits and hyphens");
  claim.access_key = parts[0];
  claim.day = parts[1];
  claim.region = parts[2];
  claim.service = parts[3];
}

void read_signed_headers(std::string_view list, const Words& words, Claim& claim) {
  for (const std::string_view name : split(list, ';')) {
    check(!name.empty() && claim.signed_headers.size() < kMostSignedHeaders, words,
          "SignedHeaders must be names in lower case, separated by semicolons");
    check(std::ranges::none_of(name, [](char c) { return (c >= 'A' && c <= 'Z') || c <= ' '; }), words,
          "SignedHeaders must be in lower case");
    claim.signed_headers.emplace_back(name);
  }
  check(std::ranges::is_sorted(claim.signed_headers), words, "SignedHeaders must be sorted");
  check(std::ranges::find(claim.signed_headers, "host") != claim.signed_headers.end(), words,
        "the header Host must be signed");
}

void read_signature(std::string_view signature, const Words& words, Claim& claim) {
  const bool hexadecimal =
      std::ranges::all_of(signature, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  check(signature.size() == 64 && hexadecimal, words, "the signature must be 64 hexadecimal digits in lower case");
  claim.signature = signature;
}

void check_day(const Words& words, const Claim& claim) {
  check(claim.time_words.starts_with(claim.day), words, "the credential is of ", claim.day, ", the request of ",
        claim.time_words.substr(0, 8));
}

std::string header(const Request& request, std::string_view name) {
  return std::string(find_header(request.headers, name).value_or(""));
}

void read_time(const Request& request, Claim& claim) {
  const auto own = find_header(request.headers, "x-amz-date");
  const auto time = own ? parse_compact_time(*own) : parse_http_time(header(request, "date"));
  if (!time) throw Error(Kind::denied, "AccessDenied", "a signed request needs a valid header X-Amz-Date or Date");
  claim.time = *time;
  claim.time_words = compact_time(*time);
}

Claim read_header(const Request& request, std::string_view authorization) {
  Claim claim{.form = Claim::Form::header, .token = header(request, "x-amz-security-token")};
  std::map<std::string_view, std::string_view> fields;
  for (const std::string_view part : split(authorization.substr(kAlgorithm.size()), ',')) {
    const std::string_view field = trimmed(part);
    const std::size_t equals = field.find('=');
    check(equals != std::string_view::npos, kHeaderWords, "\"", field.substr(0, 40), "\" is no NAME=VALUE");
    check(fields.emplace(field.substr(0, equals), field.substr(equals + 1)).second, kHeaderWords,
          field.substr(0, equals), " is there twice");
  }
  for (const char* name : {"Credential", "SignedHeaders", "Signature"}) {
    check(fields.contains(name), kHeaderWords, name, " is missing");
  }
  read_credential(fields["Credential"], kHeaderWords, claim);
  read_signed_headers(fields["SignedHeaders"], kHeaderWords, claim);
  read_signature(fields["Signature"], kHeaderWords, claim);
  read_time(request, claim);
  check_day(kHeaderWords, claim);
  return claim;
}

// A number of seconds, or nothing.
std::optional<std::int64_t> parse_seconds(std::string_view words) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(words.data(), words.data() + words.size(), value);
  return error == std::errc() && end == words.data() + words.size() ? std::optional(value) : std::nullopt;
}

Claim read_query(const Request& request) {
  const auto& query = request.query;
  for (const char* name :
       {"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Signature"}) {
    check(query.contains(name), kQueryWords, name, " is missing");
  }
  check(query.at("X-Amz-Algorithm") == kAlgorithm, kQueryWords, "X-Amz-Algorithm must be ", kAlgorithm);
  Claim claim{.form = Claim::Form::query};
  if (const auto token = query.find("X-Amz-Security-Token"); token != query.end()) claim.token = token->second;
  read_credential(query.at("X-Amz-Credential"), kQueryWords, claim);
  read_signed_headers(query.at("X-Amz-SignedHeaders"), kQueryWords, claim);
  read_signature(query.at("X-Amz-Signature"), kQueryWords, claim);
  const auto time = parse_compact_time(query.at("X-Amz-Date"));
  check(time.has_value(), kQueryWords, "X-Amz-Date must be like 20130524T000000Z");
  claim.time = *time;
  claim.time_words = query.at("X-Amz-Date");
  check_day(kQueryWords, claim);
  const auto words = query.find("X-Amz-Expires");
  const auto expires = words == query.end() ? std::nullopt : parse_seconds(words->second);
  check(expires && *expires > 0 && *expires <= kMostExpires, kQueryWords,
        "X-Amz-Expires must be a number of seconds from 1 to ", kMostExpires, ", which is a week");
  claim.expires = *expires;
  return claim;
}

Claim read_old_query(const Request& request) {
  const auto& query = request.query;
  const auto expires = query.find("Expires"), signature = query.find("Signature"), key = query.find("AWSAccessKeyId");
  const auto until = expires == query.end() ? std::nullopt : parse_seconds(expires->second);
  if (key == query.end() || signature == query.end() || !until || !is_word(key->second)) {
    throw Error(Kind::denied, "AccessDenied", "a presigned address needs AWSAccessKeyId, Signature and Expires");
  }
  Claim claim{.form = Claim::Form::old_query,
              .access_key = key->second,
              .signature = signature->second,
              .region = "us-east-1",
              .service = "s3"};
  claim.expires = *until;
  const auto token = query.find("x-amz-security-token");
  claim.token = token != query.end() ? token->second : header(request, "x-amz-security-token");
  return claim;
}

}  // namespace

std::optional<Claim> read_claim(const Request& request) {
  const auto authorization = find_header(request.headers, "authorization");
  const bool query = request.query.contains("X-Amz-Algorithm") || request.query.contains("X-Amz-Signature");
  const bool old_query = request.query.contains("AWSAccessKeyId") || request.query.contains("Signature");
  if ((authorization ? 1 : 0) + (query ? 1 : 0) + (old_query ? 1 : 0) > 1) {
    throw Error(Kind::invalid, "InvalidArgument", "a request must be signed once: in Authorization or in the query");
  }
  if (query) return read_query(request);
  if (old_query) return read_old_query(request);
  if (!authorization) return std::nullopt;
  if (authorization->starts_with(std::string(kAlgorithm) + ' ')) return read_header(request, *authorization);
  if (authorization->starts_with("AWS ")) {
    throw Error(Kind::invalid, "InvalidRequest",
                "Signature Version 2 in a header is not built: sign with AWS4-HMAC-SHA256 (Signature Version 4)");
  }
  throw Error(Kind::invalid, "InvalidArgument",
              text("Authorization: ", authorization->substr(0, authorization->find(' ')).substr(0, 40),
                   " is not built: sign with AWS4-HMAC-SHA256 (Signature Version 4)"));
}

}  // namespace graft
