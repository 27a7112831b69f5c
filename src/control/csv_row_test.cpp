#include "control/csv_row.h"

#include <gmock/gmock.h>

#include "base/error.h"

namespace graft {
namespace {

using testing::ElementsAre;

TEST(CsvRow, HasCellsThatKeepTheirQuotes) {
  EXPECT_THAT(csv_cells("1, 2,x"), ElementsAre("1", " 2", "x"));
  EXPECT_THAT(csv_cells(R"("a,b","say ""x""",,"")"), ElementsAre(R"("a,b")", R"("say ""x""")", "", R"("")"));
  EXPECT_THAT(csv_cells("a\"b,"), ElementsAre("a\"b", ""));
  EXPECT_THAT(csv_cells(""), ElementsAre(""));
}

TEST(CsvRow, RefusesQuotesThatDoNotEndWithTheirCell) {
  for (const char* row : {"\"a", "1,\"a,b", "\"a\"b,c", "\"a\"\""}) EXPECT_THROW(csv_cells(row), Error) << row;
}

}  // namespace
}  // namespace graft
