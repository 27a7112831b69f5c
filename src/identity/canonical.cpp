// METHOD \n PATH \n QUERY \n name:value \n .. \n \n names \n PAYLOAD; its digest is signed together with the time and
// the scope, by a key that is derived from the secret key, the day, the region and the service.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
#include "identity/canonical.h"

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "base/words.h"
#include "http/url.h"
#include "identity/secret.h"

namespace graft {
namespace {

// What of a query belongs to the resource that Signature V2 signs.
constexpr std::array<std::string_view, 37> kSubresources{"accelerate",
                                                         "acl",
                                                         "analytics",
                                                         "cors",
                                                         "defaultObjectAcl",
                                                         "delete",
                                                         "inventory",
                                                         "legal-hold",
                                                         "lifecycle",
                                                         "location",
                                                         "logging",
                                                         "metrics",
                                                         "notification",
                                                         "object-lock",
                                                         "partNumber",
                                                         "policy",
                                                         "replication",
                                                         "requestPayment",
                                                         "response-cache-control",
                                                         "response-content-disposition",
                                                         "response-content-encoding",
                                                         "response-content-language",
                                                         "response-content-type",
                                                         "response-expires",
                                                         "restore",
                                                         "retention",
                                                         "select",
                                                         "select-type",
                                                         "storageClass",
                                                         "tagging",
                                                         "torrent",
                                                         "uploadId",
                                                         "uploads",
                                                         "versionId",
                                                         "versioning",
                                                         "versions",
                                                         "website"};

// Without spaces at its ends, and with one where there are several.
std::string squeeze(std::string_view value) {
  std::string out;
  for (const char c : value) {
    const bool space = c == ' ' || c == '\t';
    if (!space) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

// All values of a header, in their order.
std::string joined_values(const Headers& headers, std::string_view name) {
  std::string out;
  bool first = true;
  for (const auto& [header, value] : headers) {
    if (lower(header) != name) continue;
    if (!first) out += ',';
    out += squeeze(value);
    first = false;
  }
  return out;
}

// The pairs of a query as they were sent, with '+' as a space.
std::vector<std::pair<std::string, std::string>> decoded_pairs(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  const auto decode = [](std::string_view words) {
    std::string spaces(words);
    std::ranges::replace(spaces, '+', ' ');
    return percent_decode(spaces).value_or(spaces);
  };
  for (std::size_t begin = 0; begin < query.size();) {
    const std::size_t end = std::min(query.find('&', begin), query.size());
    const std::string_view pair = query.substr(begin, end - begin);
    begin = end + 1;
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    pairs.emplace_back(decode(pair.substr(0, equals)), decode(pair.substr(std::min(pair.size(), equals + 1))));
  }
  return pairs;
}

std::string header_or_query(const Request& request, const char* name) {
  if (const auto value = find_header(request.headers, name)) return std::string(*value);
  const auto value = request.query.find(name);
  return value == request.query.end() ? "" : value->second;
}

// "x-amz-meta-a:1\n": those of the headers, and those that a presigned address carries in its query.
std::string old_amz_headers(const Request& request) {
  std::map<std::string, std::string> values;
  for (const auto& [name, value] : request.query) {
    if (name.starts_with("x-amz-")) values[name] = squeeze(value);
  }
  for (const auto& [header, value] : request.headers) {
    const std::string name = lower(header);
    if (name.starts_with("x-amz-")) values[name] = joined_values(request.headers, name);
  }
  std::string out;
  for (const auto& [name, value] : values) out += name + ':' + value + '\n';
  return out;
}

std::string old_subresources(std::string_view query) {
  std::vector<std::string> parts;
  for (const auto& [name, value] : decoded_pairs(query)) {
    if (std::ranges::find(kSubresources, name) == kSubresources.end()) continue;
    parts.push_back(value.empty() ? name : name + '=' + value);
  }
  std::ranges::sort(parts);
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? '?' : '&') + part;
  return out;
}

}  // namespace

SentTarget sent_target(std::string_view target) {
  const std::size_t mark = std::min(target.find('?'), target.size());
  std::string_view path = target.substr(0, mark);
  if (const std::size_t scheme = path.find("://"); !path.starts_with('/') && scheme != std::string_view::npos) {
    path.remove_prefix(std::min(path.size(), path.find('/', scheme + 3)));
  }
  return {path, target.substr(std::min(target.size(), mark + 1))};
}

std::string twice_encoded_path(std::string_view sent) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin < sent.size();) {
    const std::size_t end = std::min(sent.find('/', begin), sent.size());
    const std::string_view part = sent.substr(begin, end - begin);
    begin = end + 1;
    if (part == ".." && !parts.empty()) parts.pop_back();
    if (!part.empty() && part != "." && part != "..") parts.push_back(part);
  }
  std::string path;
  for (const std::string_view part : parts) path += '/' + std::string(part);
  if (path.empty() || sent.ends_with('/')) path += '/';
  return percent_encode_path(path);
}

std::string canonical_query(std::string_view sent) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto& [name, value] : decoded_pairs(sent)) {
    if (name != "X-Amz-Signature") pairs.emplace_back(percent_encode(name), percent_encode(value));
  }
  std::ranges::sort(pairs);
  std::string out;
  for (const auto& [name, value] : pairs) {
    if (!out.empty()) out += '&';
    out += name + '=' + value;
  }
  return out;
}

std::string canonical_request(const Request& request, const Claim& claim, std::string_view path,
                              std::string_view payload) {
  std::string out = request.method + '\n' + std::string(path) + '\n';
  out += canonical_query(sent_target(request.target).query) + '\n';
  std::string names;
  for (const std::string& name : claim.signed_headers) {
    out += name + ':' + joined_values(request.headers, name) + '\n';
    names += (names.empty() ? "" : ";") + name;
  }
  return out + '\n' + names + '\n' + std::string(payload);
}

std::string string_to_sign(const Claim& claim, std::string_view canonical_request) {
  return "AWS4-HMAC-SHA256\n" + claim.time_words + '\n' + claim.scope() + '\n' +
         hex(sha256(as_bytes(canonical_request)));
}

Digest signing_key(std::string_view secret_key, const Claim& claim) {
  Digest key = hmac_sha256("AWS4" + std::string(secret_key), claim.day);
  for (const std::string_view word :
       {std::string_view(claim.region), std::string_view(claim.service), std::string_view("aws4_request")}) {
    key = hmac_sha256(key, word);
  }
  return key;
}

std::string old_string_to_sign(const Request& request, const Claim& claim, std::string_view path) {
  return request.method + '\n' + header_or_query(request, "content-md5") + '\n' +
         header_or_query(request, "content-type") + '\n' + std::to_string(claim.expires) + '\n' +
         old_amz_headers(request) + std::string(path) + old_subresources(sent_target(request.target).query);
}

}  // namespace graft
