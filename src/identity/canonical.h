// What a signature is made of: AWS's canonical form of a request, and the strings that are signed.
#pragma once

#include <string>
#include <string_view>

#include "base/digest.h"
#include "http/message.h"
#include "identity/claim.h"

namespace graft {

// The path of a request's target as it was sent, and its query without the '?'.
struct SentTarget {
  std::string_view path, query;
};
SentTarget sent_target(std::string_view target);

// As services other than S3 sign a path: without "." and "..", without empty parts, and escaped once more.
std::string twice_encoded_path(std::string_view sent);
// Sorted and escaped anew, without X-Amz-Signature.
std::string canonical_query(std::string_view sent);

// Signature V4: `path` is as the service signs it, `payload` the last line ("UNSIGNED-PAYLOAD", a digest, ..).
std::string canonical_request(const Request& request, const Claim& claim, std::string_view path,
                              std::string_view payload);
std::string string_to_sign(const Claim& claim, std::string_view canonical_request);
Digest signing_key(std::string_view secret_key, const Claim& claim);

// Signature V2 of a query; `path` is "/bucket/key", escaped as it was sent.
std::string old_string_to_sign(const Request& request, const Claim& claim, std::string_view path);

}  // namespace graft
