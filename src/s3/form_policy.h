// What whoever signed a form allows it to be: S3's POST policy.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "identity/identity.h"

namespace graft::s3 {

// Who signed the form's policy, by Signature V4 or V2. Throws AccessDenied, SignatureDoesNotMatch, InvalidAccessKeyId.
Caller form_signer(const Identity& identity, const std::map<std::string, std::string>& fields);

struct FormLimits {
  std::uint64_t least = 0, most = 0;  // bytes of the file
};

// Throws AccessDenied where the policy has expired or a field is not as it says, or not in it; InvalidPolicyDocument.
// `fields` have the key as it will be. `most` is what is allowed where the policy does not say.
FormLimits check_policy(std::string_view policy, const std::string& bucket,
                        const std::map<std::string, std::string>& fields, std::int64_t now, std::uint64_t most);

}  // namespace graft::s3
