#include "aws/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"

namespace graft::aws {
namespace {

TEST(Document, SaysEveryOperationAndField) {
  const Service shop{
      "Shop",
      "Shop_1",
      "shop",
      {{"Buy", {{"A.B", Support::done}, {"C", Support::refused, "a|b"}}, nullptr}, {"Close", {}, nullptr}}};
  const std::string document = describe({shop}, "# Title");
  EXPECT_THAT(document, testing::StartsWith("# Title\n\nFields"));
  EXPECT_THAT(document, testing::HasSubstr("\n## Shop\n\n2 operations (`X-Amz-Target: Shop_1.NAME`).\n\n### Buy\n\n"
                                           "| field | | |\n| --- | --- | --- |\n| `A.B` | done |  |\n"
                                           "| `C` | refused | a\\|b |\n\n### Close\n\nIt takes no fields.\n"));
}

}  // namespace
}  // namespace graft::aws
