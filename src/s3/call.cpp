#include "s3/call.h"

#include <algorithm>
#include <charconv>

#include "base/words.h"
#include "s3/errors.h"
#include "s3/public_access.h"

namespace graft::s3 {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_address(std::string_view host) {
  return host.starts_with('[') || std::all_of(host.begin(), host.end(), [](char c) { return is_digit(c) || c == '.'; });
}

std::string host_of(const Request& request) {
  std::string host(find_header(request.headers, "host").value_or(""));
  if (const std::size_t colon = host.rfind(':'); colon != std::string::npos && !host.ends_with(']')) host.resize(colon);
  std::transform(host.begin(), host.end(), host.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return host;
}

// The bucket in "bucket.DOMAIN", "bucket.localhost" and "bucket.s3.anything".
std::string bucket_in_host(const Request& request, const std::string& domain) {
  const std::string host = host_of(request);
  if (is_address(host)) return {};
  for (const std::string& ending : {"." + domain, std::string(".localhost")}) {
    if (ending.size() > 1 && host.size() > ending.size() && host.ends_with(ending)) {
      return host.substr(0, host.size() - ending.size());
    }
  }
  const std::size_t service = host.find(".s3.");
  return service == std::string::npos || service == 0 ? std::string() : host.substr(0, service);
}

// How many bytes the UTF-8 character at the start has; 0 where there is none.
std::size_t character_size(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0; };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const unsigned char first = static_cast<unsigned char>(byte(0));
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first < 0xe0) return follows(1) ? 2 : 0;
  if (first >= 0xe0 && first < 0xf0) {
    const bool too_small = first == 0xe0 && byte(1) < 0xa0, surrogate = first == 0xed && byte(1) >= 0xa0;
    return follows(1) && follows(2) && !too_small && !surrogate ? 3 : 0;
  }
  if (first >= 0xf0 && first < 0xf5) {
    const bool too_small = first == 0xf0 && byte(1) < 0x90, too_large = first == 0xf4 && byte(1) >= 0x90;
    return follows(1) && follows(2) && follows(3) && !too_small && !too_large ? 4 : 0;
  }
  return 0;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

Bucket find_for(const Call& call) {
  check_bucket_name(call.bucket);
  auto bucket = find_bucket(call.store, call.bucket);
  demand(bucket.has_value(), Code::no_such_bucket, "there is no bucket ", call.bucket);
  const auto owner = call.header("x-amz-expected-bucket-owner");
  demand(!owner || *owner == bucket->account, Code::access_denied, "the bucket ", call.bucket,
         " is not owned by the account that x-amz-expected-bucket-owner names");
  return *bucket;
}

// Of a signature in the query, which identity/ has looked at.
constexpr std::string_view kOfSignature[] = {"x-amz-algorithm",      "x-amz-credential",    "x-amz-date",
                                             "x-amz-expires",        "x-amz-signature",     "x-amz-signedheaders",
                                             "x-amz-security-token", "x-amz-content-sha256"};

}  // namespace

std::optional<Headers> with_query_headers(const Request& request) {
  std::optional<Headers> merged;
  for (const auto& [parameter, value] : request.query) {
    const std::string name = lower(parameter);
    // Who signs a URL for @aws-sdk/client-s3 puts the checksum of an empty body into it, whatever is sent later.
    const bool is_checksum = name.starts_with("x-amz-checksum-") || name == "x-amz-sdk-checksum-algorithm";
    const bool is_of_signature = std::ranges::find(kOfSignature, name) != std::end(kOfSignature);
    if (!name.starts_with("x-amz-") || is_checksum || is_of_signature) continue;
    if (find_header(request.headers, name)) continue;
    if (!merged) merged = request.headers;
    merged->emplace_back(std::move(name), value);
  }
  return merged;
}

std::optional<std::string> Call::parameter(const std::string& name) const {
  const auto found = request().query.find(name);
  return found == request().query.end() ? std::nullopt : std::optional(found->second);
}

std::size_t Call::number(const std::string& name, std::size_t otherwise, std::size_t most) const {
  const auto value = parameter(name);
  if (!value || value->empty()) return otherwise;
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), number);
  demand(error == std::errc{} && end == value->data() + value->size() && number <= 0x7fffffff, Code::invalid_argument,
         name, " has to be a number from 0 to 2147483647");
  return std::min(number, most);
}

Address address_of(const Request& request, const std::string& domain) {
  std::string_view path = request.path;
  if (path.starts_with('/')) path.remove_prefix(1);
  if (std::string bucket = bucket_in_host(request, domain); !bucket.empty()) return {bucket, std::string(path)};
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos) return {std::string(path), {}};
  return {std::string(path.substr(0, slash)), std::string(path.substr(slash + 1))};
}

bool is_owner(const Call& call, const Bucket& bucket) {
  return !call.caller().anonymous() && call.caller().account == bucket.account;
}

Bucket open_bucket(const Call& call, Access access) {
  Bucket bucket = find_for(call);
  const bool may = is_owner(call, bucket) || (access == Access::list && anyone_may_list(call.store, bucket));
  demand(may, Code::access_denied, "the bucket ", bucket.name,
         call.caller().anonymous() ? " is not public; sign the request" : " is another account's");
  return bucket;
}

Bucket open_bucket_of(const Call& call) {
  return find_for(call);
}

void check_bucket_name(const std::string& name) {
  const auto inner = [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '.' || c == '-'; };
  const auto outer = [&](char c) { return inner(c) && c != '.' && c != '-'; };
  const bool good = name.size() >= 3 && name.size() <= 63 && std::all_of(name.begin(), name.end(), inner) &&
                    outer(name.front()) && outer(name.back()) && name.find("..") == std::string::npos &&
                    name.find(".-") == std::string::npos && name.find("-.") == std::string::npos && !is_address(name) &&
                    !name.starts_with("xn--") && !name.ends_with("-s3alias");
  demand(good, Code::invalid_bucket_name,
         "a bucket's name has 3 to 63 lower-case letters, digits, '.' and '-', begins and ends with a letter or digit, "
         "and is no IP address");
}

void check_key(const std::string& key) {
  demand(key.size() <= 1024, Code::key_too_long, "a key has at most 1024 bytes, and this one has ", key.size());
  demand(is_utf8(key), Code::invalid_uri, "the key is not UTF-8");
}

}  // namespace graft::s3
