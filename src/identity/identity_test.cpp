#include "identity/identity.h"

#include "base/file.h"
#include "base/json.h"
#include "identity/audit.h"
#include "identity/identity_testing.h"
#include "identity/replay.h"
#include "identity/time_text.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

struct IdentityTest : testing::Test {
  TemporaryFolder folder{};
  Identity identity{folder.path() / "identity"};
};

TEST_F(IdentityTest, MakesKeysAsAwsDoes) {
  const AccessKey key = identity.add_key("ann");
  EXPECT_THAT(key.access_key, testing::MatchesRegex("AKIA[A-Z2-7]{16}"));
  EXPECT_THAT(key.secret_key, testing::MatchesRegex("[A-Za-z0-9]{40}"));
  EXPECT_THAT(key.account, testing::MatchesRegex("[1-9][0-9]{11}"));
  EXPECT_EQ(identity.find_key(key.access_key)->secret_key, key.secret_key);
  EXPECT_FALSE(identity.find_key("AKIAAAAAAAAAAAAAAAAA"));
}

TEST_F(IdentityTest, GivesStrangersAccountsOfTheirOwn) {
  const AccessKey first = identity.add_key("ann"), second = identity.add_key("ann"), other = identity.add_key("bob");
  EXPECT_EQ(first.account, second.account);
  EXPECT_NE(first.access_key, second.access_key);
  EXPECT_NE(first.account, other.account);
  EXPECT_EQ(identity.add_key("cat", first.account).account, first.account);
  EXPECT_EQ(identity.keys().size(), 4);
  EXPECT_EQ(identity.users(first.account).size(), 2);
}

// Who may make users in an account of his own must not get the next key of that name.
TEST_F(IdentityTest, GivesNoKeyOfAnAccountThatMadeAUserOfTheSameName) {
  const AccessKey mallory = identity.add_key("mallory");
  identity.add_user(mallory.account, "ann");
  const AccessKey ann = identity.add_key("ann");
  EXPECT_NE(ann.account, mallory.account);
  EXPECT_EQ(identity.add_key("ann").account, ann.account);
}

TEST_F(IdentityTest, RefusesNamesThatAreNone) {
  EXPECT_THROW(identity.add_key(""), Error);
  EXPECT_THROW(identity.add_key("../ann"), Error);
  EXPECT_THROW(identity.add_key("ann", "123"), Error);
  EXPECT_THROW(identity.add_key("ann", "12345678901x"), Error);
}

TEST_F(IdentityTest, AnotherProcessSeesARevokedKeyAtOnce) {
  const AccessKey key = identity.add_key("ann");
  Identity other(folder.path() / "identity");
  ASSERT_FALSE(other.find_key(key.access_key)->revoked);
  identity.revoke(key.access_key);
  EXPECT_TRUE(other.find_key(key.access_key)->revoked);
  EXPECT_THROW(identity.revoke("AKIAAAAAAAAAAAAAAAAA"), Error);
}

TEST_F(IdentityTest, KeepsItsFilesToItsOwner) {
  identity.add_key("ann");
  identity.audit({}, "1.2.3.4", "GetObject", "b/k", 403, "AccessDenied");
  EXPECT_EQ(fs::status(folder.path() / "identity").permissions(), fs::perms::owner_all);
  for (const auto& file : fs::directory_iterator(folder.path() / "identity")) {
    EXPECT_EQ(file.status().permissions(), fs::perms::owner_read | fs::perms::owner_write) << file.path();
  }
}

TEST_F(IdentityTest, EndsASessionOfASessionWithTheirKey) {
  const AccessKey key = identity.add_key("ann");
  const auto first =
      identity.add_session({.account = key.account, .user = "ann", .access_key = key.access_key}, "", 900);
  const auto second = identity.add_session({.account = key.account, .user = "ann", .access_key = first.key.access_key},
                                           "arn:aws:iam::1:role/r", 900, "build");
  EXPECT_EQ(identity.find_session(second.key.access_key)->role_arn, "arn:aws:iam::1:role/r");
  EXPECT_EQ(identity.find_session(second.key.access_key)->key.user, "build");
  EXPECT_THAT(first.key.access_key, testing::StartsWith("ASIA"));
  identity.revoke(key.access_key);
  EXPECT_FALSE(identity.find_session(first.key.access_key));
  EXPECT_FALSE(identity.find_session(second.key.access_key));
}

TEST_F(IdentityTest, RecordsRolesAndTheirPolicies) {
  identity.put_role("1", {.name = "r", .arn = "arn:aws:iam::1:role/r", .trust = "{}", .created = 5});
  identity.put_policy("1", "r", "p", "{}");
  EXPECT_EQ(identity.role("1", "r")->arn, "arn:aws:iam::1:role/r");
  EXPECT_FALSE(identity.role("2", "r"));
  EXPECT_EQ(identity.roles("1").size(), 1);
  EXPECT_EQ(identity.policies("1", "r").size(), 1);
  identity.erase_role("1", "r");
  EXPECT_FALSE(identity.role("1", "r"));
  EXPECT_TRUE(identity.policies("1", "r").empty());
}

TEST_F(IdentityTest, WritesLinesOfJsonWhateverClientsWrite) {
  identity.audit({.account = "1", .user = "ann", .service = "s3"}, "1.2.3.4", "PutObject", "b/\n\"\xff", 200);
  identity.audit({}, "1.2.3.4", "DeleteBucket", std::string(10'000, 'x'), 403, "AccessDenied");
  const std::string log = read_text(folder.path() / "identity" / "audit.jsonl");
  ASSERT_EQ(std::count(log.begin(), log.end(), '\n'), 2);
  const Json first = parse_json(log.substr(0, log.find('\n')), "audit"),
             second = parse_json(log.substr(log.find('\n')), "audit");
  EXPECT_EQ(first["user"], "ann");
  EXPECT_EQ(first["status"], 200);
  EXPECT_EQ(second["account"], "anonymous");
  EXPECT_EQ(second["code"], "AccessDenied");
  EXPECT_LT(log.size(), 5'000);
}

TEST(Replay, ForgetsTheOldestWhenThereAreTooMany) {
  Replay replay(std::chrono::seconds(1), std::chrono::seconds(100), 10);
  EXPECT_FALSE(replay.is_replay("a", 1000));
  EXPECT_FALSE(replay.is_replay("a", 1001));
  EXPECT_TRUE(replay.is_replay("a", 1002));
  for (int i = 0; i < 9; ++i) EXPECT_FALSE(replay.is_replay(std::to_string(i), 1002));
  EXPECT_TRUE(replay.is_replay("a", 1003));
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(replay.is_replay("b" + std::to_string(i), 1003));
  EXPECT_FALSE(replay.is_replay("a", 1004));
}

TEST(TimeText, ReadsWhatItWritesAndRefusesDaysThatAreNone) {
  EXPECT_EQ(parse_compact_time("20130524T000000Z"), 1369353600);
  EXPECT_EQ(compact_time(1369353600), "20130524T000000Z");
  EXPECT_EQ(readable_time(1369353600), "2013-05-24T00:00:00Z");
  EXPECT_EQ(parse_http_time("Fri, 24 May 2013 00:00:00 GMT"), 1369353600);
  for (const char* words :
       {"", "20130524", "20130231T000000Z", "20130524T240000Z", "2013-524T000000Z", "20130524T000000X"}) {
    EXPECT_FALSE(parse_compact_time(words)) << words;
  }
  EXPECT_FALSE(parse_http_time("Fri, 24 May 2013 00:00:00 GMT, and more"));
}

}  // namespace
}  // namespace graft
