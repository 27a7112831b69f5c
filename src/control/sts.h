// STS: who a key belongs to, and temporary keys.
#pragma once

#include "aws/operation.h"
#include "identity/identity.h"

namespace graft {

constexpr std::string_view kStsVersion = "2011-06-15";
constexpr std::string_view kStsXml = "https://sts.amazonaws.com/doc/2011-06-15/";

// `identity` must outlive it.
aws::Service sts_service(Identity& identity);

}  // namespace graft
