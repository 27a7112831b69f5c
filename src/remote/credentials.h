// Credentials that somebody else gives out for a while: the host of a container, EC2. Only for remote/.
#pragma once

#include <ctime>
#include <optional>
#include <string>

namespace graft {

struct Credentials {
  std::string access_key{}, secret_key{}, token{};
  std::time_t expires = 0;  // 0: never
};

// What AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI answers, with AWS_CONTAINER_AUTHORIZATION_TOKEN or what is
// in the file that .._TOKEN_FILE names; nothing where neither is set. Throws where one is set and does not answer.
std::optional<Credentials> container_credentials();

// The role of the EC2 instance; nothing where this is none, which takes a second to find out, once.
// AWS_EC2_METADATA_DISABLED=true says so at once.
std::optional<Credentials> instance_credentials();

}  // namespace graft
