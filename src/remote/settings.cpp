#include <array>
#include <functional>
#include <map>

#include "base/error.h"
#include "base/file.h"
#include "remote/credentials.h"
#include "remote/environment.h"
#include "remote/profile.h"
#include "remote/store.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMostProfiles = 1 << 20;

fs::path file_of(const char* variable, const char* usual) {
  const std::string named = environment(variable);
  return named.empty() ? fs::path(environment("HOME", "/")) / ".aws" / usual : fs::path(named);
}

ProfileFile read_profiles(const fs::path& file) {
  std::error_code ignored;
  // Who wants none names /dev/null.
  if (!fs::exists(file, ignored) || fs::is_character_file(file, ignored)) return {};
  return parse_profiles(read_text(file, kMostProfiles), file.string());
}

struct Profile {
  std::string name{};
  std::map<std::string, std::string> values{};

  std::string value(const std::string& key) const {
    const auto found = values.find(key);
    return found == values.end() ? "" : found->second;
  }
};

Profile load_profile() {
  const fs::path config = file_of("AWS_CONFIG_FILE", "config");
  const fs::path credentials = file_of("AWS_SHARED_CREDENTIALS_FILE", "credentials");
  Profile profile{.name = environment("AWS_PROFILE", "default")};
  profile.values = find_profile(read_profiles(config), read_profiles(credentials), profile.name);
  require(profile.name == "default" || !profile.values.empty(), "AWS_PROFILE is ", profile.name, ", which neither ",
          config.string(), " nor ", credentials.string(), " has");
  return profile;
}

// Ways to credentials that graft does not go. Who has set one means it.
void refuse_other_ways(const Profile& profile) {
  static constexpr std::array kWays{"role_arn", "sso_session", "sso_start_url", "credential_process",
                                    "web_identity_token_file"};
  static constexpr const char* kFix =
      "graft does not: set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, as `aws configure "
      "export-credentials --format env` prints them";
  for (const char* way : kWays) {
    if (profile.value(way).empty()) continue;
    fail(Kind::denied, "the profile ", profile.name, " gets its credentials by ", way, ", which ", kFix);
  }
  if (!environment("AWS_WEB_IDENTITY_TOKEN_FILE").empty()) {
    fail(Kind::denied, "AWS_WEB_IDENTITY_TOKEN_FILE asks for credentials by a web identity, which ", kFix);
  }
}

void take(S3Settings& settings, const Credentials& found) {
  settings.access_key = found.access_key;
  settings.secret_key = found.secret_key;
  settings.session_token = found.token;
}

// In the order of AWS's own clients; unsigned where nobody gives any.
void add_credentials(S3Settings& settings, const Profile& profile) {
  const Credentials own{environment("AWS_ACCESS_KEY_ID"), environment("AWS_SECRET_ACCESS_KEY"),
                        environment("AWS_SESSION_TOKEN")};
  if (!own.access_key.empty() && !own.secret_key.empty()) return take(settings, own);
  const Credentials of_profile{profile.value("aws_access_key_id"), profile.value("aws_secret_access_key"),
                               profile.value("aws_session_token")};
  if (!of_profile.access_key.empty() && !of_profile.secret_key.empty()) return take(settings, of_profile);
  refuse_other_ways(profile);
  if (const auto found = container_credentials()) return take(settings, *found);
  // An instance's role is AWS's; another store would not know it.
  if (!settings.endpoint.empty()) return;
  if (const auto found = instance_credentials()) take(settings, *found);
}

std::string find_endpoint(const Profile& profile) {
  if (environment("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") == "true") return "";
  for (const std::string& each : {environment("AWS_ENDPOINT_URL_S3"), environment("AWS_ENDPOINT_URL"),
                                  profile.value("s3.endpoint_url"), profile.value("endpoint_url")}) {
    if (!each.empty()) return each;
  }
  return "";
}

}  // namespace

S3Settings s3_settings(const std::optional<std::string>& endpoint) {
  const Profile profile = load_profile();
  S3Settings settings{.endpoint = endpoint ? *endpoint : find_endpoint(profile)};
  require(settings.endpoint.empty() || settings.endpoint.starts_with("http://") ||
              settings.endpoint.starts_with("https://"),
          "the S3 endpoint \"", settings.endpoint, "\" is no URL: write http://HOST:PORT");
  const std::string region = profile.value("region");
  settings.region = environment("AWS_REGION", environment("AWS_DEFAULT_REGION", region.empty() ? "us-east-1" : region));
  settings.authorities = environment("AWS_CA_BUNDLE", profile.value("ca_bundle"));
  const std::string style = profile.value("s3.addressing_style");
  settings.path_style = style == "path" || (style != "virtual" && !settings.endpoint.empty());
  add_credentials(settings, profile);
  return settings;
}

}  // namespace graft
