#include "s3/form_policy.h"

#include <ctime>
#include <nlohmann/json.hpp>
#include <set>

#include "base/json.h"
#include "base/words.h"
#include "identity/canonical.h"
#include "identity/secret.h"
#include "s3/checksum.h"
#include "s3/dates.h"
#include "s3/errors.h"

namespace graft::s3 {
namespace {

using FormFields = std::map<std::string, std::string>;

std::string field_of(const FormFields& fields, const std::string& name) {
  const auto found = fields.find(name);
  return found == fields.end() ? std::string() : found->second;
}

// "AKID/20130524/us-east-1/s3/aws4_request"
Claim parse_credential(const std::string& credential) {
  std::vector<std::string> words(1);
  for (const char c : credential) {
    if (c == '/') {
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  demand(words.size() == 5 && words[4] == "aws4_request", Code::access_denied,
         "x-amz-credential has to be KEY/DAY/REGION/s3/aws4_request");
  return {.access_key = words[0], .day = words[1], .region = words[2], .service = words[3]};
}

AccessKey find_signer(const Identity& identity, const std::string& access_key, const std::string& token,
                      std::int64_t seconds) {
  if (const auto key = identity.find_key(access_key); key && !key->revoked) return *key;
  const auto session = identity.find_session(access_key);
  const bool good = session && same_secret(session->token, token) && session->expires > seconds;
  demand(good, Code::access_denied, "the access key of the form is not known");
  return session->key;
}

// Those that no condition need cover.
bool is_free(const std::string& name) {
  static const std::set<std::string> names{"policy", "signature", "x-amz-signature", "awsaccesskeyid", "file"};
  return names.contains(name) || name.starts_with("x-ignore-");
}

class Policy {
 public:
  Policy(const FormFields& fields, std::uint64_t most) : fields_(fields), limits_{0, most} {}

  FormLimits check(const Json& conditions) {
    for (const Json& condition : conditions) condition.is_object() ? check_object(condition) : check_array(condition);
    for (const auto& [name, value] : fields_) {
      demand(is_free(name) || covered_.contains(name), Code::access_denied, "the policy says nothing of the field ",
             name);
    }
    return limits_;
  }

 private:
  void check_object(const Json& condition) {
    for (const auto& [name, value] : condition.items()) expect("eq", name, value);
  }

  void check_array(const Json& condition) {
    demand(condition.is_array() && condition.size() == 3 && condition[0].is_string(), Code::invalid_policy_document,
           "a condition has to be an object, or an array of three");
    const std::string relation = condition[0];
    if (relation == "content-length-range") {
      demand(condition[1].is_number_unsigned() && condition[2].is_number_unsigned(), Code::invalid_policy_document,
             "content-length-range needs two numbers");
      limits_.least = std::max(limits_.least, condition[1].get<std::uint64_t>());
      limits_.most = std::min(limits_.most, condition[2].get<std::uint64_t>());
      return;
    }
    demand(condition[1].is_string() && condition[1].get<std::string>().starts_with('$'), Code::invalid_policy_document,
           "the second word of a condition is $ and a field's name");
    expect(relation, condition[1].get<std::string>().substr(1), condition[2]);
  }

  void expect(const std::string& relation, const std::string& given, const Json& value) {
    demand(value.is_string() && (relation == "eq" || relation == "starts-with"), Code::invalid_policy_document,
           "the condition of ", given, " is none that is known");
    const std::string name = lower(given), wanted = value, actual = field_of(fields_, name);
    const bool good = relation == "eq" ? actual == wanted : actual.starts_with(wanted);
    demand(good, Code::access_denied, "the field ", name, " is not as the policy says");
    covered_.insert(name);
  }

  const FormFields& fields_;
  FormLimits limits_;
  std::set<std::string> covered_{};
};

Json parse_policy(std::string_view policy) {
  const auto document = from_base64(policy);
  demand(document.has_value(), Code::invalid_policy_document, "the policy is not base64");
  try {
    return parse_json(*document, "the policy");
  } catch (const Error& error) {
    refuse(Code::invalid_policy_document, error.what());
  }
}

}  // namespace

Caller form_signer(const Identity& identity, const FormFields& fields) {
  const std::string policy = field_of(fields, "policy"), token = field_of(fields, "x-amz-security-token");
  demand(!policy.empty(), Code::access_denied, "a form needs a policy and its signature");
  const std::int64_t seconds = std::time(nullptr);
  AccessKey key;
  std::string expected, given, region = "us-east-1";
  if (fields.contains("x-amz-credential")) {
    const Claim claim = parse_credential(field_of(fields, "x-amz-credential"));
    key = find_signer(identity, claim.access_key, token, seconds);
    expected = hex(hmac_sha256(signing_key(key.secret_key, claim), policy));
    given = field_of(fields, "x-amz-signature");
    region = claim.region;
  } else {
    key = find_signer(identity, field_of(fields, "awsaccesskeyid"), token, seconds);
    const auto digest = hmac_sha1(key.secret_key, policy);
    expected = encode_base64(std::as_bytes(std::span(digest)));
    given = field_of(fields, "signature");
  }
  if (!same_secret(expected, given)) {
    throw Error(Kind::denied, "SignatureDoesNotMatch", "the signature of the form's policy is another one");
  }
  return {.account = key.account, .user = key.user, .access_key = key.access_key, .region = region, .service = "s3"};
}

FormLimits check_policy(std::string_view policy, const std::string& bucket, const FormFields& fields, std::int64_t now,
                        std::uint64_t most) {
  const Json document = parse_policy(policy);
  demand(document.is_object() && document.contains("expiration") && document["expiration"].is_string() &&
             document.contains("conditions") && document["conditions"].is_array(),
         Code::invalid_policy_document, "a policy has an expiration and conditions");
  const auto expires = parse_date(document["expiration"].get<std::string>());
  demand(expires && *expires > now, Code::access_denied, "the policy of the form has expired");
  FormFields all = fields;
  all["bucket"] = bucket;
  const auto& conditions = document["conditions"];
  // The bucket is what the address says; a form need not repeat it, but a policy has to name it.
  return Policy(all, most).check(conditions);
}

}  // namespace graft::s3
