#include "remote/s3_request.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "base/digest.h"
#include "base/error.h"
#include "http/url.h"
#include "remote/s3_xml.h"

namespace graft {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kAttempts = 6;
constexpr milliseconds kFirstWait{100};
constexpr std::uint64_t kProgress = 1 << 20;

// Regions of buckets of AWS, as its answers told them.
struct Regions {
  std::mutex mutex;
  std::map<std::string, std::string> of_bucket;  // guarded by mutex
};

Regions& regions() {
  static Regions& all = *new Regions;
  return all;
}

std::string region_of(const S3Settings& settings, const std::string& bucket) {
  if (!settings.endpoint.empty()) return settings.region;
  const std::lock_guard lock(regions().mutex);
  const auto found = regions().of_bucket.find(bucket);
  return found == regions().of_bucket.end() ? settings.region : found->second;
}

// Whether the answer names another region as the bucket's, which is remembered.
bool learn_region(const S3Settings& settings, const std::string& bucket, const WebAnswer& answer) {
  if (!settings.endpoint.empty() || (answer.status != 301 && answer.status != 307 && answer.status != 400))
    return false;
  const std::string region(find_header(answer.headers, "x-amz-bucket-region").value_or(""));
  if (region.empty() || region == region_of(settings, bucket)) return false;
  const std::lock_guard lock(regions().mutex);
  regions().of_bucket[bucket] = region;
  return true;
}

std::string query_of(const S3Request& request) {
  std::vector<std::string> parts;
  for (const auto& [name, value] : request.query) parts.push_back(percent_encode(name) + "=" + percent_encode(value));
  std::sort(parts.begin(), parts.end());
  return parts.empty() ? "" : "?" + join(parts, "&");
}

// AWS wants the bucket in the host's name; where its name has a dot no certificate covers that.
std::string url_of(const S3Settings& settings, const S3Request& request, const std::string& region) {
  const std::string& bucket = request.path.bucket;
  const bool in_china = region.starts_with("cn-");
  std::string base = settings.endpoint.empty() ? text("https://s3.", region, ".amazonaws.com", in_china ? ".cn" : "")
                                               : settings.endpoint;
  while (base.ends_with('/')) base.pop_back();
  const bool in_path = settings.path_style || bucket.find('.') != std::string::npos;
  if (in_path) {
    base += "/" + bucket;
  } else {
    const std::size_t scheme = base.find("://");
    require(scheme != std::string::npos, "the S3 endpoint \"", base, "\" is no URL: write http://HOST:PORT");
    base.insert(scheme + 3, bucket + ".");
  }
  return base + "/" + percent_encode_path(request.path.key) + query_of(request);
}

std::string digest_of(const std::optional<WebBody>& body) {
  Sha256 hash;
  Bytes room(body ? std::min<std::uint64_t>(body->size, 1 << 20) : 0);
  for (std::uint64_t at = 0; body && at < body->size;) {
    const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(room.size(), body->size - at));
    const std::size_t count = body->read(at, std::span(room).first(most));
    hash.update(ByteView(room).first(count));
    at += count;
  }
  return hex(hash.finish());
}

WebRequest web_request(const S3Settings& settings, const S3Request& request) {
  const std::string region = region_of(settings, request.path.bucket);
  WebRequest web{.method = request.method,
                 .url = url_of(settings, request, region),
                 .headers = request.headers,
                 .authorities = settings.authorities,
                 .body = request.body,
                 .sink = request.sink,
                 .stall = request.stall};
  if (!settings.access_key.empty()) {
    web.signer = {region, settings.access_key, settings.secret_key};
    // The store compares it with what arrives.
    web.headers.emplace_back("x-amz-content-sha256", digest_of(request.body));
    if (!settings.session_token.empty()) web.headers.emplace_back("x-amz-security-token", settings.session_token);
  }
  if (request.deadline) {
    const auto left = std::chrono::duration_cast<milliseconds>(*request.deadline - steady_clock::now());
    web.whole = std::max(milliseconds(1), left);
  }
  return web;
}

bool is_passing(const WebAnswer& answer) {
  if (answer.status == 0 || answer.status == 429) return true;
  if (answer.status >= 500) return answer.status != 501;
  return answer.status == 400 && parse_problem(as_text(answer.body)).code == "RequestTimeout";
}

// Waits twice as long each time, and not as long as others who were refused at the same moment.
void wait_before(int attempt) {
  thread_local std::mt19937 random{std::random_device{}()};
  const double share = std::uniform_real_distribution<double>(0.5, 1)(random);
  std::this_thread::sleep_for(kFirstWait * (1 << (attempt - 1)) * share);
}

[[noreturn]] void give_up(const S3Request& request, const WebAnswer& answer, int attempts) {
  if (answer.status != 0) refuse(request.path, answer);
  fail(Kind::unavailable, name(request.path), ": ", answer.broken, ", ", attempts, " times");
}

}  // namespace

WebBody body_of(ByteView content) {
  return {content.size(), [content](std::uint64_t offset, std::span<std::byte> room) {
            const ByteView part = content.subspan(static_cast<std::size_t>(offset));
            const std::size_t count = std::min(part.size(), room.size());
            std::copy_n(part.begin(), count, room.begin());
            return count;
          }};
}

WebBody body_of(int file, std::uint64_t offset, std::uint64_t size, const std::string& name) {
  return {size, [=](std::uint64_t at, std::span<std::byte> room) {
            while (true) {
              const ssize_t count = ::pread(file, room.data(), room.size(), static_cast<off_t>(offset + at));
              if (count < 0 && errno == EINTR) continue;
              if (count < 0) fail(Kind::unavailable, "cannot read ", name, ": ", system_message());
              if (count == 0) fail(Kind::conflict, name, " became shorter while it was read");
              return static_cast<std::size_t>(count);
            }
          }};
}

void refuse(const S3Path& path, const WebAnswer& answer) {
  const S3Problem problem = parse_problem(as_text(answer.body));
  const Kind kind = answer.status == 404                           ? Kind::not_found
                    : answer.status == 403 || answer.status == 401 ? Kind::denied
                                                                   : Kind::unavailable;
  const std::string code = problem.code.empty() ? "" : " " + problem.code;
  throw Error(kind, problem.code,
              text(name(path), ": S3 answers ", answer.status, code, ": ",
                   problem.message.empty() ? "it gives no reason" : problem.message));
}

WebAnswer send(const S3Settings& settings, const std::function<S3Request()>& make, const std::uint64_t* progress) {
  std::uint64_t reached = progress ? *progress : 0;
  for (int attempt = 1;; ++attempt) {
    const S3Request request = make();
    WebAnswer answer = exchange(web_request(settings, request));
    // Not for ever: two regions could name each other.
    if (attempt < kAttempts && learn_region(settings, request.path.bucket, answer)) continue;
    if (!is_passing(answer)) return answer;
    if (progress && *progress >= reached + kProgress) {
      reached = *progress;
      attempt = 0;
    }
    const bool late = request.deadline && steady_clock::now() + kFirstWait >= *request.deadline;
    if (attempt >= kAttempts || late) give_up(request, answer, std::max(1, attempt));
    wait_before(std::max(1, attempt));
  }
}

WebAnswer send(const S3Settings& settings, const S3Request& request) {
  return send(settings, [&] { return request; });
}

WebAnswer call(const S3Settings& settings, const S3Request& request) {
  WebAnswer answer = send(settings, request);
  if (answer.status < 200 || answer.status > 206) refuse(request.path, answer);
  return answer;
}

}  // namespace graft
