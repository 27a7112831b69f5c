#include "s3/operations.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/file.h"

namespace graft::s3 {
namespace {

// docs/s3.md ends with the table. GRAFT_WRITE_DOCS=1 writes it anew.
TEST(Operations, AreInTheDocumentAsTheyAre) {
  const auto path = std::filesystem::path(GRAFT_TESTDATA "/../../../docs/s3.md").lexically_normal();
  constexpr std::string_view kMark = "## Operations\n";
  const std::string page = read_text(path);
  const std::size_t at = page.find(kMark);
  ASSERT_NE(at, std::string::npos);
  const std::string table = describe_operations();
  if (std::getenv("GRAFT_WRITE_DOCS")) write_file(path, page.substr(0, at + kMark.size()) + table);
  EXPECT_EQ(read_text(path).substr(at + kMark.size()), table) << "GRAFT_WRITE_DOCS=1 writes docs/s3.md anew";
}

}  // namespace
}  // namespace graft::s3
