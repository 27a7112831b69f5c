#include "remote/credentials.h"

#include <cstdlib>
#include <functional>
#include <mutex>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "remote/environment.h"
#include "remote/s3_xml.h"
#include "remote/web.h"

namespace graft {
namespace {

using std::chrono::milliseconds;

constexpr std::time_t kEarly = 300;  // seconds before they end they are asked for again
constexpr std::uint64_t kMostToken = 64 << 10;

Credentials parse(const Bytes& answer, const std::string& source) {
  const Json fields = parse_json(as_text(answer), source);
  return {field<std::string>(fields, "AccessKeyId", source), field<std::string>(fields, "SecretAccessKey", source),
          field_or<std::string>(fields, "Token", "", source),
          static_cast<std::time_t>(parse_iso_time(field_or<std::string>(fields, "Expiration", "", source)))};
}

// What `ask` gave for the same question, until shortly before it ends. Also that it gave nothing.
class Memory {
 public:
  std::optional<Credentials> get(const std::string& question, const std::function<std::optional<Credentials>()>& ask) {
    const std::lock_guard lock(mutex_);
    const bool good =
        question == question_ && (!known_ || known_->expires == 0 || known_->expires - kEarly > std::time(nullptr));
    if (good) return known_;
    known_ = ask();
    question_ = question;
    return known_;
  }

 private:
  std::mutex mutex_;
  std::string question_{};              // guarded by mutex_
  std::optional<Credentials> known_{};  // guarded by mutex_
};

std::string authorization() {
  const std::string file = environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
  std::string token = file.empty() ? environment("AWS_CONTAINER_AUTHORIZATION_TOKEN") : read_text(file, kMostToken);
  while (token.ends_with('\n') || token.ends_with('\r')) token.pop_back();
  return token;
}

Credentials ask_container(const std::string& url) {
  WebRequest request{.url = url, .connect = milliseconds(2'000), .whole = milliseconds(5'000)};
  if (const std::string token = authorization(); !token.empty()) request.headers = {{"Authorization", token}};
  const WebAnswer answer = exchange(request);
  if (answer.status != 200) {
    fail(Kind::unavailable, url,
         ": no credentials for S3: ", answer.status == 0 ? answer.broken : text("it answers ", answer.status));
  }
  return parse(answer.body, url);
}

// Nothing where the instance has no role, or this is no instance.
std::optional<Credentials> ask_instance(const std::string& service) {
  static constexpr const char* kRoles = "/latest/meta-data/iam/security-credentials/";
  WebRequest request{.method = "PUT", .connect = milliseconds(1'000), .whole = milliseconds(2'000)};
  request.url = service + "/latest/api/token";
  request.headers = {{"X-aws-ec2-metadata-token-ttl-seconds", "21600"}};
  const WebAnswer token = exchange(request);
  if (token.status != 200) return std::nullopt;
  request.method = "GET";
  request.headers = {{"X-aws-ec2-metadata-token", std::string(as_text(token.body))}};
  request.url = service + kRoles;
  const WebAnswer roles = exchange(request);
  if (roles.status != 200) return std::nullopt;
  const std::string_view role = as_text(roles.body);
  request.url += role.substr(0, role.find('\n'));
  const WebAnswer answer = exchange(request);
  if (answer.status != 200) return std::nullopt;
  return parse(answer.body, request.url);
}

}  // namespace

std::optional<Credentials> container_credentials() {
  static Memory& memory = *new Memory;
  const std::string relative = environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const std::string url =
      relative.empty() ? environment("AWS_CONTAINER_CREDENTIALS_FULL_URI") : "http://169.254.170.2" + relative;
  if (url.empty()) return std::nullopt;
  return memory.get(url, [&] { return ask_container(url); });
}

std::optional<Credentials> instance_credentials() {
  static Memory& memory = *new Memory;
  if (environment("AWS_EC2_METADATA_DISABLED") == "true") return std::nullopt;
  std::string service = environment("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://169.254.169.254");
  while (service.ends_with('/')) service.pop_back();
  return memory.get(service, [&] { return ask_instance(service); });
}

}  // namespace graft
