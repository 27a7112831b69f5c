#include "http/request_reader.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace graft {
namespace {

// The bodies of all requests in `bytes`, given to the reader in pieces of `piece` bytes, and whether it refused the
// rest.
std::vector<std::string> bodies(std::string_view bytes, std::size_t piece) {
  RequestReader reader(1'000, 100'000);
  std::vector<std::string> found;
  while (!bytes.empty() && reader.stage() != RequestReader::Stage::refused) {
    const auto room = reader.room();
    EXPECT_FALSE(room.empty());
    const std::size_t size = std::min({piece, bytes.size(), room.size()});
    std::copy_n(bytes.begin(), size, room.begin());
    bytes.remove_prefix(size);
    for (reader.filled(size); reader.stage() == RequestReader::Stage::whole; reader.next()) {
      found.emplace_back(as_text(reader.take().body));
    }
  }
  if (reader.stage() == RequestReader::Stage::refused) found.emplace_back("refused");
  return found;
}

TEST(RequestReader, FindsTheSameRequestsWhereverTheBytesAreCut) {
  const std::string large(80'000, 'x');
  const std::string bytes =
      "\r\nPOST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello\r\n\r\n"
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\none\r\n3\r\ntwo\r\n0\r\nT: x\r\n\r\n"
      "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 80000\r\n\r\n" +
      large + "GET / HTTP/1.1\r\nHost: x\nbad";
  const std::vector<std::string> expected{"hello", "onetwo", "", large, "refused"};
  for (std::size_t piece = 1; piece < 300; ++piece) EXPECT_EQ(bodies(bytes, piece), expected) << piece;
  EXPECT_EQ(bodies(bytes, bytes.size()), expected);
}

TEST(RequestReader, TakesAHeaderOfTheMostBytesAndNoMore) {
  const std::string before = "GET / HTTP/1.1\r\nHost: x\r\nX: ";
  const auto request = [&](std::size_t size) {
    return before + std::string(size - before.size() - 4, 'x') + "\r\n\r\n";
  };
  for (const std::size_t piece : {1, 7, 10'000}) {
    EXPECT_EQ(bodies(request(1'000), piece), std::vector<std::string>{""});
    EXPECT_EQ(bodies(request(1'001), piece), std::vector<std::string>{"refused"});
  }
}

TEST(RequestReader, ABodyOfAnyLengthIsTakenAsItComes) {
  RequestReader reader(1'000, SIZE_MAX);
  const auto give = [&](std::string_view bytes) {
    const auto room = reader.room();
    ASSERT_GE(room.size(), bytes.size());
    std::copy(bytes.begin(), bytes.end(), room.begin());
    reader.filled(bytes.size());
  };
  give("PUT /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 6000000000\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_TRUE(reader.expects_continue());
  EXPECT_EQ(reader.take_head().target, "/a?b");
  EXPECT_EQ(reader.body_length(), 6'000'000'000u);
  for (const std::string piece : {"one", "two"}) {
    give(piece);
    EXPECT_EQ(as_text(reader.take_body()), piece);
    EXPECT_EQ(reader.body_bytes(), 0u);
    EXPECT_FALSE(reader.expects_continue());
  }
  EXPECT_EQ(reader.body_left(), 5'999'999'994u);
  EXPECT_EQ(reader.stage(), RequestReader::Stage::body);
}

}  // namespace
}  // namespace graft
