#include "watch/document.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "base/file.h"

namespace graft {
namespace {

// GRAFT_WRITE_DOCS=1 writes it.
TEST(WatchDocument, IsWhatTheFileSays) {
  const auto file = std::filesystem::path(GRAFT_TESTDATA "/../../../docs/cloudwatch.md").lexically_normal();
  const std::string document = watch_document();
  if (std::getenv("GRAFT_WRITE_DOCS")) write_file(file, document);
  EXPECT_EQ(read_text(file), document) << "run this test with GRAFT_WRITE_DOCS=1";
}

}  // namespace
}  // namespace graft
