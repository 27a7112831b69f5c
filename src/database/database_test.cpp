#include "database/database.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "base/file.h"

namespace graft {
namespace {

struct DatabaseTest : testing::Test {
  TemporaryFolder folder{};
  std::filesystem::path file = folder.path() / "state.db";
};

TEST_F(DatabaseTest, GivesBackWhatItWasGiven) {
  Database database(file);
  database.script("create table t (a integer, b real, c text, d blob, e text)");
  const Bytes bytes{std::byte{0}, std::byte{255}};
  database.run("insert into t values (?, ?, ?, ?, ?)", std::int64_t{1} << 40, 0.5, std::string("x\0y", 3),
               ByteView(bytes), nullptr);
  Rows rows = database.query("select * from t");
  ASSERT_TRUE(rows.next());
  EXPECT_EQ(rows.integer(0), std::int64_t{1} << 40);
  EXPECT_EQ(rows.real(1), 0.5);
  EXPECT_EQ(rows.text(2), std::string("x\0y", 3));
  EXPECT_EQ(Bytes(rows.bytes(3).begin(), rows.bytes(3).end()), bytes);
  EXPECT_TRUE(rows.is_null(4));
  EXPECT_FALSE(rows.next());
}

TEST_F(DatabaseTest, AQuerysValuesNeedNotOutliveTheCall) {
  Database database(file);
  database.script("create table t (a text)");
  const std::string kept(1000, 'x');
  database.run("insert into t values (?)", kept);
  Rows rows = database.query("select a from t where a = ?", std::string(1000, 'x'));
  EXPECT_TRUE(rows.next());
}

TEST_F(DatabaseTest, UndoesWhatIsNotCommitted) {
  Database database(file);
  database.script("create table t (a integer)");
  {
    const Transaction dropped(database);
    database.run("insert into t values (1)");
  }
  {
    Transaction kept(database);
    database.run("insert into t values (2)");
    kept.commit();
  }
  Database other(file);
  Rows rows = other.query("select a from t");
  ASSERT_TRUE(rows.next());
  EXPECT_EQ(rows.integer(0), 2);
  EXPECT_FALSE(rows.next());
}

TEST_F(DatabaseTest, SaysThatTheDiskIsFullAndGoesOn) {
  Database database(file);
  database.script("create table t (a blob); pragma max_page_count = 10");
  const Bytes large(100'000);
  try {
    Transaction transaction(database);
    database.run("insert into t values (?)", ByteView(large));
    transaction.commit();
    FAIL() << "it fits into ten pages";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Kind::unavailable);
    EXPECT_EQ(error.code(), "StorageFull");
  }
  EXPECT_FALSE(database.in_transaction());
  database.run("insert into t values ('small')");
  EXPECT_EQ(database.changed(), 1);
}

TEST_F(DatabaseTest, SaysConflictWhereAConstraintForbids) {
  Database database(file);
  database.script("create table t (a integer primary key)");
  database.run("insert into t values (1)");
  try {
    database.run("insert into t values (1)");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Kind::conflict);
    EXPECT_THAT(error.what(), testing::HasSubstr(file.string()));
  }
}

TEST_F(DatabaseTest, RefusesAFileThatIsNoDatabase) {
  write_file(file, std::string_view("this is no database at all, but it is long enough to be looked at as one"));
  EXPECT_THROW(Database{file}, Error);
}

}  // namespace
}  // namespace graft
