#include "aws/check.h"
#include "base/error.h"
#include "base/json.h"
#include "control/identity_services.h"
#include "identity/time_text.h"

namespace graft {
namespace {

using aws::Support;

constexpr double kLeastSeconds = 900, kMostRoleSeconds = 43'200, kMostTokenSeconds = 129'600;

// The name at the end of a role's ARN.
std::string role_name(std::string_view arn) {
  return std::string(arn.substr(arn.rfind('/') + 1));
}

// An id like those of AWS, the same for the same user.
std::string user_id(const Caller& caller) {
  return "AIDA" + caller.account + caller.user;
}

std::string assumed_role_arn(const Caller& caller, const std::string& role_arn, const std::string& session) {
  return "arn:aws:sts::" + caller.account + ":assumed-role/" + role_name(role_arn) + '/' + session;
}

Json credentials(const Identity::Session& session) {
  return {{"AccessKeyId", session.key.access_key},
          {"SecretAccessKey", session.key.secret_key},
          {"SessionToken", session.token},
          {"Expiration", readable_time(session.expires)}};
}

Json get_caller_identity(const Identity& identity, const Caller& caller) {
  const auto session = identity.find_session(caller.access_key);
  if (session && !session->role_arn.empty()) {
    return {{"Account", caller.account},
            {"UserId", "AROA" + caller.account + ':' + caller.user},
            {"Arn", assumed_role_arn(caller, session->role_arn, caller.user)}};
  }
  return {{"Account", caller.account},
          {"UserId", user_id(caller)},
          {"Arn", "arn:aws:iam::" + caller.account + ":user/" + caller.user}};
}

// Roles are recorded, and give and take no rights, so any role of the caller's own account can be assumed.
Json assume_role(Identity& identity, const Caller& caller, const Json& input) {
  const std::string role = aws::text_of(
      input, "RoleArn",
      {.least = 20, .most = 2048, .pattern = R"(arn:aws[a-z\-]*:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+)"});
  const std::string name =
      aws::text_of(input, "RoleSessionName", {.least = 2, .most = 64, .pattern = R"([\w+=,.@-]*)"});
  const double seconds =
      aws::number_if(input, "DurationSeconds", {.least = kLeastSeconds, .most = kMostRoleSeconds}).value_or(3600);
  if (role.find(":iam::" + caller.account + ':') == std::string::npos) {
    throw Error(Kind::denied, "AccessDenied",
                text(role, " is a role of another account; this one is ", caller.account));
  }
  const auto session = identity.add_session(caller, role, static_cast<std::int64_t>(seconds), name);
  return {{"Credentials", credentials(session)},
          {"AssumedRoleUser",
           {{"AssumedRoleId", "AROA" + caller.account + ':' + name}, {"Arn", assumed_role_arn(caller, role, name)}}}};
}

Json get_session_token(Identity& identity, const Caller& caller, const Json& input) {
  const double seconds =
      aws::number_if(input, "DurationSeconds", {.least = kLeastSeconds, .most = kMostTokenSeconds}).value_or(43'200);
  return {{"Credentials", credentials(identity.add_session(caller, "", static_cast<std::int64_t>(seconds)))}};
}

}  // namespace

aws::Service sts_service(Identity& identity) {
  constexpr const char* kNoFactor = "graft has no second factors";
  return {.name = "STS",
          .target_prefix = "",
          .signing_name = "sts",
          .operations = {
              {"GetCallerIdentity",
               {},
               [&](const Caller& caller, const Json&) { return get_caller_identity(identity, caller); }},
              {"AssumeRole",
               {{"RoleArn", Support::done, "any role of the caller's account, recorded or not"},
                {"RoleSessionName", Support::done},
                {"DurationSeconds", Support::done},
                {"Policy", Support::refused, "a session has all rights of its account"},
                {"PolicyArns", Support::refused, "a session has all rights of its account"},
                {"ExternalId", Support::ignored},
                {"Tags", Support::ignored},
                {"TransitiveTagKeys", Support::ignored},
                {"SourceIdentity", Support::ignored},
                {"SerialNumber", Support::refused, kNoFactor},
                {"TokenCode", Support::refused, kNoFactor}},
               [&](const Caller& caller, const Json& input) { return assume_role(identity, caller, input); }},
              {"GetSessionToken",
               {{"DurationSeconds", Support::done},
                {"SerialNumber", Support::refused, kNoFactor},
                {"TokenCode", Support::refused, kNoFactor}},
               [&](const Caller& caller, const Json& input) { return get_session_token(identity, caller, input); }},
          }};
}

}  // namespace graft
