#include "control/records.h"

#include <gmock/gmock.h>

#include <thread>

#include "base/file.h"

namespace graft {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct RecordsTest : testing::Test {
  TemporaryFolder folder{};
  Records records{folder.path()};

  void make(const std::string& name, double created, const std::string& status = "InProgress",
            const std::string& account = "1") {
    records.create({.account = account,
                    .kind = "training-job",
                    .name = name,
                    .status = status,
                    .created = created,
                    .modified = created,
                    .document = {{"Name", name}},
                    .inner = Json::object()});
  }
  std::vector<std::string> names(const RecordQuery& query, const std::string& account = "1") {
    std::vector<std::string> found;
    for (const Record& record : records.list(account, "training-job", query).records) found.push_back(record.name);
    return found;
  }
};

TEST_F(RecordsTest, GiveBackWhatWasMadeAlsoToTheNextProcess) {
  make("a", 1795218312.9);
  const Records other(folder.path());
  const auto found = other.find("1", "training-job", "a");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->status, "InProgress");
  EXPECT_DOUBLE_EQ(found->created, 1795218312.9);
  EXPECT_EQ(found->document, Json({{"Name", "a"}}));
}

TEST_F(RecordsTest, AreInvisibleToOtherAccountsAndKinds) {
  make("a", 1);
  EXPECT_FALSE(records.find("2", "training-job", "a"));
  EXPECT_FALSE(records.find("1", "model", "a"));
  EXPECT_FALSE(records.erase("2", "training-job", "a"));
  EXPECT_THAT(names({}, "2"), IsEmpty());
  make("a", 2, "Completed", "2");
  EXPECT_THAT(names({}, "2"), ElementsAre("a"));
}

TEST_F(RecordsTest, RefuseANameTwice) {
  make("a", 1);
  try {
    make("a", 2);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Kind::conflict);
  }
}

TEST_F(RecordsTest, ChangeAsAWholeOrNotAtAll) {
  make("a", 1);
  EXPECT_THROW(records.update("1", "training-job", "a",
                              [](Record& record) {
                                record.status = "Stopping";
                                fail(Kind::invalid, "no");
                              }),
               Error);
  EXPECT_EQ(records.find("1", "training-job", "a")->status, "InProgress");
  EXPECT_FALSE(records.update("1", "training-job", "b", [](Record&) {}));
}

TEST_F(RecordsTest, LoseNoChangeOfManyAtOnce) {
  make("a", 1);
  records.update("1", "training-job", "a", [](Record& record) { record.inner["count"] = 0; });
  const auto count = [&] {
    for (int i = 0; i < 20; ++i) {
      records.update("1", "training-job", "a",
                     [](Record& record) { record.inner["count"] = record.inner["count"].get<int>() + 1; });
    }
  };
  { const std::jthread one(count), two(count); }
  EXPECT_EQ(records.find("1", "training-job", "a")->inner["count"], 40);
}

TEST_F(RecordsTest, AreListedNewestFirstUnlessAskedOtherwise) {
  make("b", 1, "Failed");
  make("a", 3);
  make("c", 2, "Completed");
  EXPECT_THAT(names({}), ElementsAre("a", "c", "b"));
  EXPECT_THAT(names({.descending = false}), ElementsAre("b", "c", "a"));
  EXPECT_THAT(names({.order = RecordQuery::Order::name, .descending = false}), ElementsAre("a", "b", "c"));
  EXPECT_THAT(names({.order = RecordQuery::Order::status, .descending = false}), ElementsAre("c", "b", "a"));
}

TEST_F(RecordsTest, AreFilteredByNameStatusAndTimes) {
  make("net-1", 1, "Completed");
  make("net-2", 2);
  make("tree_2", 3);
  EXPECT_THAT(names({.name_contains = "net"}), ElementsAre("net-2", "net-1"));
  EXPECT_THAT(names({.name_contains = "_"}), ElementsAre("tree_2"));
  EXPECT_THAT(names({.status = "Completed"}), ElementsAre("net-1"));
  EXPECT_THAT(names({.created_after = 2}), ElementsAre("tree_2", "net-2"));
  EXPECT_THAT(names({.created_before = 1.5}), ElementsAre("net-1"));
  EXPECT_THAT(names({.modified_after = 1.5, .modified_before = 2.5}), ElementsAre("net-2"));
}

TEST_F(RecordsTest, PagesDoNotShiftWhenSomethingIsMadeOrErasedBetweenThem) {
  for (int i = 0; i < 5; ++i) make(text("job-", i), i == 3 ? 2 : i);  // two made at the same moment
  const RecordPage first = records.list("1", "training-job", {.most = 2});
  ASSERT_EQ(first.records.size(), 2U);
  EXPECT_EQ(first.records[1].name, "job-3");
  records.erase("1", "training-job", "job-3");
  make("new", 9);
  const RecordPage second = records.list("1", "training-job", {.most = 2, .token = first.token});
  ASSERT_EQ(second.records.size(), 2U);
  EXPECT_EQ(second.records[0].name, "job-2");
  EXPECT_EQ(second.records[1].name, "job-1");
  EXPECT_THAT(names({.most = 2, .token = second.token}), ElementsAre("job-0"));
  EXPECT_EQ(records.list("1", "training-job", {.most = 5, .token = second.token}).token, "");
}

TEST_F(RecordsTest, RefuseATokenThatIsNone) {
  for (const char* token : {"x", "{}", "[1,2]", "[\"1\"]", "[[[[[[[["}) {
    EXPECT_THROW(records.list("1", "training-job", {.token = token}), Error) << token;
  }
}

TEST_F(RecordsTest, AreFoundByTheirStatusForAStart) {
  make("b", 2);
  make("a", 1, "InProgress", "2");
  make("c", 1, "Completed");
  const auto found = records.in_status("training-job", "InProgress");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].account, "2");
  EXPECT_EQ(found[1].name, "b");
}

}  // namespace
}  // namespace graft
