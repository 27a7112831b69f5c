// Who makes a request, as far as its signature proves it.
#pragma once

#include <string>

namespace graft {

struct Caller {
  std::string account{};     // twelve digits; empty for who gave no signature
  std::string user{};        // "admin"
  std::string access_key{};  // its public half
  std::string region{};      // of the signature's scope; "us-east-1" where it has none
  std::string service{};     // of the signature's scope: "s3", "sagemaker", "logs", "monitoring", "sts", "iam"
  bool anonymous() const { return account.empty(); }
};

}  // namespace graft
