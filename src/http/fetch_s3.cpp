#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <mutex>

#include "base/digest.h"
#include "base/error.h"
#include "base/json.h"
#include "http/fetch.h"
#include "http/transfer.h"
#include "http/url.h"

namespace graft {
namespace {

struct Credentials {
  std::string access_key{}, secret_key{}, token{};
  std::time_t expires = 0;  // 0: never
};

std::string environment(const char* name, const char* otherwise = "") {
  const char* value = std::getenv(name);
  return value && *value ? value : otherwise;
}

// "2026-11-21T14:02:41Z" and the like. 0 for what is none.
std::time_t parse_time(const std::string& words) {
  std::tm parts{};
  return strptime(words.c_str(), "%Y-%m-%dT%H:%M:%S", &parts) ? timegm(&parts) : 0;
}

// What a container's host answers to who asks for the container's credentials.
Credentials ask_container(const std::string& url, FetchLimits limits) {
  limits.private_addresses = true;  // the environment names it, and it is link-local
  limits.redirects = 0;
  const std::string token = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  const Transfer answer = transfer(url, limits, token.empty() ? Headers{} : Headers{{"Authorization", token}});
  if (answer.status != 200) fail(Kind::unavailable, url, ": no credentials for S3: it answers ", answer.status);
  const Json fields = parse_json(as_text(answer.body), url);
  return {field<std::string>(fields, "AccessKeyId", url), field<std::string>(fields, "SecretAccessKey", url),
          field_or<std::string>(fields, "Token", "", url),
          parse_time(field_or<std::string>(fields, "Expiration", "", url))};
}

// They are asked for again some minutes before they end.
Credentials container_credentials(const std::string& url, const FetchLimits& limits) {
  static constexpr std::time_t kEarly = 300;
  static std::mutex mutex;
  static std::string asked;  // guarded by mutex
  static Credentials known;  // guarded by mutex
  const std::lock_guard lock(mutex);
  const bool good = asked == url && (known.expires == 0 || known.expires - kEarly > std::time(nullptr));
  if (!good) known = ask_container(url, limits);
  asked = url;
  return known;
}

std::optional<Credentials> credentials(const FetchLimits& limits) {
  const std::string access_key = environment("AWS_ACCESS_KEY_ID"), secret_key = environment("AWS_SECRET_ACCESS_KEY");
  if (!access_key.empty() && !secret_key.empty()) {
    return Credentials{access_key, secret_key, environment("AWS_SESSION_TOKEN")};
  }
  const std::string relative = environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  if (!relative.empty()) return container_credentials("http://169.254.170.2" + relative, limits);
  const std::string full = environment("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (!full.empty()) return container_credentials(full, limits);
  return std::nullopt;
}

struct Place {
  std::string bucket, key;
};

// s3://bucket/key. The key is taken as it is: nothing in it is an escape.
Place parse_place(const std::string& url) {
  static constexpr std::string_view kScheme = "s3://";
  static constexpr const char* kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
  require(url.starts_with(kScheme), "\"", url, "\" is no URL of the form s3://bucket/key");
  const std::size_t slash = std::min(url.find('/', kScheme.size()), url.size());
  Place place{url.substr(kScheme.size(), slash - kScheme.size()), url.substr(std::min(slash + 1, url.size()))};
  // The bucket becomes a part of the host's name, so that it must not hold more than a bucket's name does.
  const bool good = place.bucket.find_first_not_of(kLetters) == std::string::npos && place.bucket.size() <= 255;
  require(good && !place.bucket.empty() && !place.key.empty(), "\"", url, "\" is no URL of the form s3://bucket/key");
  return place;
}

// Where an endpoint is set, and for names that no certificate of AWS covers, the bucket is in the path.
std::string http_url(const Place& place, const std::string& region) {
  std::string endpoint = environment("AWS_ENDPOINT_URL_S3", environment("AWS_ENDPOINT_URL").c_str());
  const std::string key = percent_encode_path(place.key);
  const std::string aws = "s3." + region + ".amazonaws.com/";
  while (endpoint.ends_with('/')) endpoint.pop_back();
  if (!endpoint.empty()) return endpoint + "/" + place.bucket + "/" + key;
  if (place.bucket.find('.') != std::string::npos) return "https://" + aws + place.bucket + "/" + key;
  return "https://" + place.bucket + "." + aws + key;
}

// What S3 says of an error, in its XML.
std::string_view message(std::string_view xml) {
  static constexpr std::string_view kBegin = "<Message>";
  const std::size_t begin = xml.find(kBegin);
  if (begin == std::string_view::npos) return "it gives no reason";
  xml.remove_prefix(begin + kBegin.size());
  return xml.substr(0, std::min<std::size_t>(xml.find('<'), 200));
}

}  // namespace

Bytes fetch_s3(const std::string& url, const FetchLimits& limits) {
  const Place place = parse_place(url);
  const std::string region = environment("AWS_REGION", environment("AWS_DEFAULT_REGION", "us-east-1").c_str());
  FetchLimits of_s3 = limits;
  // Who asks chooses a bucket, not a host, and S3 has a private address in many private networks. A redirected request
  // would have the wrong signature.
  of_s3.private_addresses = true;
  of_s3.redirects = 0;
  Headers headers;
  std::optional<Signature> signature;
  if (const auto who = credentials(limits)) {
    signature = {region, who->access_key, who->secret_key};
    // S3 wants it; libcurl sends it by itself only in later versions than 7.88.
    headers.emplace_back("x-amz-content-sha256", hex(sha256({})));
    if (!who->token.empty()) headers.emplace_back("x-amz-security-token", who->token);
  }
  Transfer answer = transfer(http_url(place, region), of_s3, headers, signature);
  if (answer.status == 200) return std::move(answer.body);
  const Kind kind = answer.status == 404 ? Kind::not_found : answer.status == 403 ? Kind::denied : Kind::unavailable;
  fail(kind, url, ": S3 answers ", answer.status, ": ", message(as_text(answer.body)));
}

}  // namespace graft
