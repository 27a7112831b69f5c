// IAM, as much as clients of SageMaker need: roles, which are recorded, and the users and keys of an account.
//
// An account is what separates tenants: its users see and change all of it, and nothing of another one. Policies are
// recorded and given back, and are not looked at.
#pragma once

#include "aws/operation.h"
#include "identity/identity.h"

namespace graft {

constexpr std::string_view kIamVersion = "2010-05-08";
constexpr std::string_view kIamXml = "https://iam.amazonaws.com/doc/2010-05-08/";

// `identity` must outlive it.
aws::Service iam_service(Identity& identity);

}  // namespace graft
