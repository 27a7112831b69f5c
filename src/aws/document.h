// Tables of operations as a document, so that what is written of them cannot differ from what they do.
//
// A document in docs/ has a test that compares it with what this gives:
//
//   EXPECT_EQ(read_text("docs/cloudwatch.md"), describe(services, "# CloudWatch"));
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "aws/operation.h"

namespace graft::aws {

// Markdown: a chapter for each service, a table of fields for each operation, in the order of the tables. `before` is
// what stands above: a title and an introduction.
std::string describe(const std::vector<Service>& services, std::string_view before = "");

}  // namespace graft::aws
