// STS and IAM: who a key belongs to, temporary keys, users, keys and roles. As much as clients of SageMaker need.
//
// An account is what separates tenants: its users see and change all of it, and nothing of another one. Roles and
// policies are recorded and given back, and are not looked at.
#pragma once

#include "aws/operation.h"
#include "identity/identity.h"

namespace graft {

constexpr std::string_view kStsVersion = "2011-06-15", kIamVersion = "2010-05-08";
constexpr std::string_view kStsXml = "https://sts.amazonaws.com/doc/2011-06-15/";
constexpr std::string_view kIamXml = "https://iam.amazonaws.com/doc/2010-05-08/";

// `identity` must outlive what these give.
aws::Service sts_service(Identity& identity);
aws::Service iam_service(Identity& identity);

}  // namespace graft
