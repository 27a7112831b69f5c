#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "membership/coordinator.h"
#include "membership/member.h"

namespace graft {
namespace {

using std::chrono::milliseconds;

constexpr Timing kQuick{.beat = milliseconds(50), .silence = milliseconds(2000), .gather = milliseconds(10000)};

std::unique_ptr<Coordinator> coordinate(int ranks, int least, Timing timing = kQuick) {
  return std::make_unique<Coordinator>(
      CoordinatorOptions{.address = "127.0.0.1", .ranks = ranks, .least = least, .token = "secret", .timing = timing});
}

std::unique_ptr<Member> come(const Coordinator& coordinator, int rank, Timing timing = kQuick) {
  return std::make_unique<Member>(MemberOptions{.coordinator_host = "127.0.0.1",
                                                .coordinator_port = coordinator.port(),
                                                .rank = rank,
                                                .token = "secret",
                                                .timing = timing});
}

std::future<Roster> joining(Member& member) {
  return std::async(std::launch::async, [&] { return member.join(); });
}

std::string error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

void expect_words(const std::string& sentence, std::initializer_list<const char*> words) {
  for (const char* word : words)
    EXPECT_NE(sentence.find(word), std::string::npos) << "no \"" << word << "\" in: " << sentence;
}

TEST(Membership, RanksThatComeInAnyOrderFormAGroup) {
  const auto coordinator = coordinate(3, 3);
  const auto two = come(*coordinator, 2), zero = come(*coordinator, 0), one = come(*coordinator, 1);
  auto a = joining(*two), b = joining(*zero), c = joining(*one);
  const Roster last = a.get(), first = b.get(), middle = c.get();
  EXPECT_EQ(first.rank, 0);
  EXPECT_EQ(middle.rank, 1);
  EXPECT_EQ(last.rank, 2);
  EXPECT_EQ(first.generation, 1);
  ASSERT_EQ(last.peers.size(), 3u);
  EXPECT_EQ(last.peers[1].rank, 1);
}

TEST(Membership, AMemberReadsWhatAnotherSets) {
  const auto coordinator = coordinate(2, 2);
  const auto zero = come(*coordinator, 0), one = come(*coordinator, 1);
  auto value = std::async(std::launch::async, [&] { return zero->get("key"); });
  std::this_thread::sleep_for(milliseconds(20));
  one->set("key", "a value");
  EXPECT_EQ(value.get(), "a value");
  EXPECT_EQ(one->get("key"), "a value");
}

TEST(Membership, ARankThatDiesIsNamedAndEndsAJobWithoutRoom) {
  const auto coordinator = coordinate(2, 2);
  const auto zero = come(*coordinator, 0);
  auto one = come(*coordinator, 1);
  auto first = joining(*zero), second = joining(*one);
  first.get(), second.get();
  one->report(340, "training");
  std::this_thread::sleep_for(milliseconds(200));
  one.reset();
  expect_words(error_of([&] { zero->wait_for_news(milliseconds(5000)); }),
               {"rank 1 on ", "step 340", "training", "connection closed", "--resume"});
}

TEST(Membership, ThoseLeftFormTheNextGroupAndOneThatReturnsTheOneAfter) {
  const auto coordinator = coordinate(3, 2);
  const auto zero = come(*coordinator, 0), two = come(*coordinator, 2);
  auto one = come(*coordinator, 1);
  auto a = joining(*zero), b = joining(*one), c = joining(*two);
  a.get(), b.get(), c.get();
  one.reset();
  EXPECT_THROW(zero->wait_for_news(milliseconds(5000)), MemberLost);
  EXPECT_THROW(two->wait_for_news(milliseconds(5000)), MemberLost);
  a = joining(*zero), c = joining(*two);
  EXPECT_EQ(a.get().peers.size(), 2u);
  EXPECT_EQ(c.get().rank, 1) << "ranks of a group have no gaps";

  one = come(*coordinator, 1);
  EXPECT_TRUE(one->came_late());
  EXPECT_FALSE(zero->someone_waits());
  b = joining(*one);
  for (int i = 0; i < 100 && !zero->someone_waits(); ++i) std::this_thread::sleep_for(milliseconds(20));
  EXPECT_TRUE(zero->someone_waits());
  a = joining(*zero), c = joining(*two);
  EXPECT_EQ(a.get().peers.size(), 3u);
  EXPECT_EQ(b.get().generation, 3);
  EXPECT_EQ(c.get().rank, 2);
}

TEST(Membership, BelowTheLeastAJobWaitsAndThenSaysWhy) {
  Timing timing = kQuick;
  timing.gather = milliseconds(1500);
  const auto coordinator = coordinate(3, 3 - 1, timing);
  const auto zero = come(*coordinator, 0, timing);
  auto one = come(*coordinator, 1, timing), two = come(*coordinator, 2, timing);
  auto a = joining(*zero), b = joining(*one), c = joining(*two);
  a.get(), b.get(), c.get();
  one.reset(), two.reset();
  const std::string why = error_of([&] { zero->join(); });
  expect_words(why, {"rank", "is lost", "fewer than the 2 ranks of --min-ranks"});
}

TEST(Membership, RanksThatDoNotComeAreNamed) {
  Timing timing = kQuick;
  timing.gather = milliseconds(500);
  const auto coordinator = coordinate(4, 4, timing);
  const auto zero = come(*coordinator, 0, timing), two = come(*coordinator, 2, timing);
  auto other = joining(*two);
  expect_words(error_of([&] { zero->join(); }), {"ranks 1, 3 of 4 did not come"});
  EXPECT_ANY_THROW(other.get());
}

TEST(Membership, AGroupStartsWithTheRanksThatCameWhereThatIsAllowed) {
  Timing timing = kQuick;
  timing.gather = milliseconds(500);
  const auto coordinator = coordinate(3, 1, timing);
  const auto two = come(*coordinator, 2, timing);
  const Roster roster = two->join();
  EXPECT_EQ(roster.peers.size(), 1u);
  EXPECT_EQ(roster.rank, 0);
  EXPECT_EQ(roster.peers[0].rank, 2);
}

TEST(Membership, ASilentMemberIsLost) {
  Timing timing = kQuick;
  timing.silence = milliseconds(600);
  const auto coordinator = coordinate(2, 2, timing);
  const auto zero = come(*coordinator, 0, timing);
  Timing slow = timing;
  slow.beat = milliseconds(60'000);  // it says nothing, as one that is stopped
  slow.silence = milliseconds(60'000);
  const auto one = come(*coordinator, 1, slow);
  expect_words(error_of([&] { zero->wait_for_news(milliseconds(5000)); }), {"rank 1 on", "silent"});
}

TEST(Membership, AMemberWithoutItsCoordinatorEnds) {
  auto coordinator = coordinate(2, 1);
  const auto one = come(*coordinator, 1);
  coordinator.reset();
  expect_words(error_of([&] { one->wait_for_news(milliseconds(5000)); }), {"rank 0", "is lost", "connection closed"});
}

// The coordinator's own process hears of the end first, and goes.
TEST(Membership, ACoordinatorThatGoesAtTheEndHasToldEverybodyWhy) {
  constexpr int kRanks = 32;
  Timing timing = kQuick;
  timing.silence = milliseconds(300);
  Timing slow = timing;
  slow.beat = slow.silence = milliseconds(60'000);  // it says nothing, as one that is stopped
  for (int round = 0; round < 5; ++round) {
    auto coordinator = coordinate(kRanks, kRanks, timing);
    std::vector<std::unique_ptr<Member>> members;
    for (int rank = 0; rank < kRanks - 1; ++rank) members.push_back(come(*coordinator, rank, timing));
    const auto silent = come(*coordinator, kRanks - 1, slow);
    expect_words(error_of([&] { members[0]->wait_for_news(milliseconds(5000)); }), {"rank 31 on"});
    coordinator.reset();
    for (const auto& member : members) {
      expect_words(error_of([&] { member->wait_for_news(milliseconds(5000)); }), {"rank 31 on", "silent"});
    }
  }
}

TEST(Membership, OneThatFailsTellsTheOthersWhy) {
  const auto coordinator = coordinate(2, 1);
  const auto zero = come(*coordinator, 0), one = come(*coordinator, 1);
  one->fail_all("x.jpg: the picture is damaged");
  expect_words(error_of([&] { zero->wait_for_news(milliseconds(5000)); }),
               {"rank 1 on", "x.jpg: the picture is damaged"});
}

TEST(Membership, OneThatIsBusyWhenTheJobEndsIsTold) {
  const auto coordinator = coordinate(2, 2);
  auto zero = come(*coordinator, 0);
  std::promise<std::string> told;
  const Member one({.coordinator_host = "127.0.0.1",
                    .coordinator_port = coordinator->port(),
                    .rank = 1,
                    .token = "secret",
                    .timing = kQuick,
                    .on_end = [&](const std::string& why) { told.set_value(why); }});
  zero.reset();
  auto why = told.get_future();
  ASSERT_EQ(why.wait_for(std::chrono::seconds(10)), std::future_status::ready);
  expect_words(why.get(), {"rank 0 on", "is lost"});
}

TEST(Membership, OneThatHasDoneItsPartIsNotLost) {
  const auto coordinator = coordinate(2, 2);
  const auto zero = come(*coordinator, 0);
  auto one = come(*coordinator, 1);
  one->leave();
  one.reset();
  EXPECT_NO_THROW(zero->wait_for_news(milliseconds(300)));
  zero->leave();
  coordinator->drain(milliseconds(5000));
}

TEST(Membership, AStrangerIsTurnedAway) {
  const auto coordinator = coordinate(2, 2);
  EXPECT_ANY_THROW(Member({.coordinator_host = "127.0.0.1",
                           .coordinator_port = coordinator->port(),
                           .rank = 1,
                           .token = "guessed",
                           .timing = kQuick}));
  EXPECT_ANY_THROW(come(*coordinator, 2)) << "there are ranks 0 and 1";
}

TEST(Membership, APortThatIsTakenIsNamed) {
  const auto coordinator = coordinate(2, 2);
  expect_words(
      error_of([&] { Coordinator({.address = "127.0.0.1", .port = coordinator->port(), .ranks = 2, .least = 2}); }),
      {"cannot listen on port", "MASTER_PORT"});
}

TEST(Membership, ACoordinatorThatIsNotThereIsNamed) {
  Timing timing = kQuick;
  timing.gather = milliseconds(300);
  expect_words(
      error_of([&] { Member({.coordinator_host = "127.0.0.1", .coordinator_port = 1, .rank = 3, .timing = timing}); }),
      {"rank 3 on", "127.0.0.1:1", "MASTER_ADDR"});
}

}  // namespace
}  // namespace graft
