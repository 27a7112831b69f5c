// Parts that come to lie where the object has them, through the API.
#include "s3/assemblies.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <functional>

#include "s3/checksum.h"
#include "s3/s3_testing.h"

namespace graft {
namespace {

using test::body_of;
using test::element;
using test::FakeExchange;
using test::header;

namespace fs = std::filesystem;

constexpr std::size_t kPart = 5 << 20;

std::string filled(char c, std::size_t size = kPart) {
  return std::string(size, c);
}

class AssembliesTest : public testing::Test {
 protected:
  AssembliesTest() {
    store.ask("PUT", "/bucket");
    id = element(store.ask("POST", "/bucket/key?uploads").body, "UploadId");
  }
  std::string target(int number) const { return text("/bucket/key?uploadId=", id, "&partNumber=", number); }
  void put(int number, const std::string& content) {
    const Response done = store.ask("PUT", target(number), content);
    ASSERT_EQ(done.status, 200) << done.body;
    etags[number] = header(done, "ETag");
  }
  Response complete(const std::vector<int>& numbers, Headers headers = {}) {
    std::string xml = "<CompleteMultipartUpload>";
    for (const int number : numbers) {
      xml += text("<Part><PartNumber>", number, "</PartNumber><ETag>", etags[number], "</ETag></Part>");
    }
    return store.ask("POST", "/bucket/key?uploadId=" + id, xml + "</CompleteMultipartUpload>", std::move(headers));
  }
  std::string content() { return body_of(store.ask("GET", "/bucket/key")); }
  std::map<ino_t, std::uint64_t> files() const {
    std::map<ino_t, std::uint64_t> sizes;
    for (const auto& entry : fs::recursive_directory_iterator(store.folder() / "objects")) {
      struct stat status {};
      if (entry.is_regular_file() && ::stat(entry.path().c_str(), &status) == 0)
        sizes[status.st_ino] = entry.file_size();
    }
    return sizes;
  }

  test::TestStore store;
  std::string id;
  std::map<int, std::string> etags;
};

TEST_F(AssembliesTest, TheObjectIsTheFileThatThePartsWereWrittenTo) {
  put(2, filled('b'));
  put(1, filled('a'));
  put(3, "end");
  const auto before = files();
  ASSERT_EQ(before.size(), 2U);
  ASSERT_EQ(complete({1, 2, 3}).status, 200);
  const auto after = files();
  ASSERT_EQ(after.size(), 1U);
  EXPECT_TRUE(before.contains(after.begin()->first));
  EXPECT_EQ(after.begin()->second, 2 * kPart + 3);
  EXPECT_EQ(content(), filled('a') + filled('b') + "end");
}

TEST_F(AssembliesTest, APartThatIsSentAgainReplacesTheOldOneOnlyWhenItIsWhole) {
  put(1, filled('a'));
  put(2, filled('b'));
  FakeExchange broken(test::make_request("PUT", target(1), {}), test::kOwner, filled('x'));
  broken.breaks = true;
  broken.says_length = true;
  const Response refused = store.ask("PUT", target(1), filled('x'), {{"Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA=="}});
  EXPECT_EQ(refused.status, 400);
  store.ask(broken);
  put(2, filled('c'));
  put(2, filled('d'));
  ASSERT_EQ(complete({1, 2}).status, 200);
  EXPECT_EQ(content(), filled('a') + filled('d'));
  EXPECT_EQ(files().size(), 1U);
}

TEST_F(AssembliesTest, PartsThatDoNotFitTogetherAreCopied) {
  put(1, filled('a'));
  put(2, filled('b', kPart + 1));
  put(4, filled('d'));
  put(5, "unnamed");
  ASSERT_EQ(complete({1, 2, 4}).status, 200);
  EXPECT_EQ(content(), filled('a') + filled('b', kPart + 1) + filled('d'));
  EXPECT_EQ(files().size(), 1U);
}

TEST_F(AssembliesTest, WhatIsNotNamedIsCutOff) {
  for (const int number : {1, 2, 3}) put(number, filled(static_cast<char>('a' + number)));
  ASSERT_EQ(complete({1, 2}).status, 200);
  EXPECT_EQ(content(), filled('b') + filled('c'));
  EXPECT_EQ(files().begin()->second, 2 * kPart);
}

TEST_F(AssembliesTest, ACompletionThatIsRefusedLeavesThePartsAsTheyWere) {
  for (const int number : {1, 2, 3}) put(number, filled(static_cast<char>('a' + number)));
  put(2, filled('x'));
  store.ask("PUT", "/bucket/key", "there");
  EXPECT_EQ(complete({1, 2}, {{"If-None-Match", "*"}}).status, 412);
  ASSERT_EQ(complete({1, 2, 3}).status, 200);
  EXPECT_EQ(content(), filled('b') + filled('x') + filled('d'));
}

TEST_F(AssembliesTest, GoesOnAfterAStart) {
  put(1, filled('a'));
  store.restart();
  put(2, filled('b'));
  put(1, filled('c'));
  store.restart();
  ASSERT_EQ(complete({1, 2}).status, 200);
  EXPECT_EQ(content(), filled('c') + filled('b'));
}

TEST_F(AssembliesTest, AnAbortedUploadLeavesNothing) {
  put(1, filled('a'));
  put(2, "small");
  EXPECT_EQ(store.ask("DELETE", "/bucket/key?uploadId=" + id).status, 204);
  EXPECT_TRUE(files().empty());
}

TEST_F(AssembliesTest, ABucketThatIsDeletedTakesThemWithIt) {
  put(1, filled('a'));
  EXPECT_EQ(store.ask("DELETE", "/bucket").status, 204);
  EXPECT_TRUE(files().empty());
}

// A client that gave up waiting sends a part once more and completes, while the first body is still on its way.
class Meanwhile : public FakeExchange {
 public:
  using FakeExchange::FakeExchange;
  std::size_t read(std::span<std::byte> room) override {
    const auto act = std::exchange(first, nullptr);
    if (act) act();
    return FakeExchange::read(room);
  }
  std::function<void()> first{};
};

TEST_F(AssembliesTest, AWriterThatComesLateDoesNotReachTheObject) {
  put(1, filled('a'));
  Meanwhile late(test::make_request("PUT", target(2), {}), test::kOwner, filled('x'));
  late.first = [&] {
    put(2, filled('b'));
    ASSERT_EQ(complete({1, 2}).status, 200);
  };
  EXPECT_EQ(store.ask(late).status, 404);
  EXPECT_EQ(content(), filled('a') + filled('b'));
  EXPECT_EQ(files().size(), 1U);
}

}  // namespace
}  // namespace graft
