// The halves of IAM. Only for iam.cpp and iam_role.cpp.
#pragma once

#include <string>
#include <vector>

#include "aws/check.h"
#include "aws/operation.h"
#include "identity/identity.h"

namespace graft::iam {

std::vector<aws::Operation> role_operations(Identity& identity);

inline aws::TextRule name_rule() {
  return {.least = 1, .most = 64, .pattern = R"([\w+=,.@-]+)"};
}

[[noreturn]] void no_such_entity(const std::string& sentence);

}  // namespace graft::iam
