#include "s3/hashing.h"

#include <gtest/gtest.h>

#include "base/crc.h"
#include "base/random.h"

namespace graft::s3 {
namespace {

constexpr std::size_t kPiece = 10'000;

std::string content_of(std::uint64_t number) {
  Random random(Key{number});
  std::string text(kPiece * (number % 7) + number, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

void digest_behind(Hashing& hashing, const std::string& content) {
  for (std::size_t at = 0; at < content.size(); at += kPiece) {
    hashing.wait(2);
    hashing.update_behind(as_bytes(content).subspan(at, std::min(kPiece, content.size() - at)));
  }
}

TEST(Hashing, OfManyContentsAtOnceIsThatOfEach) {
  HashThreads threads;
  std::vector<std::thread> writers;
  std::vector<Hashing::Digests> found(40);
  for (std::size_t i = 0; i < found.size(); ++i) {
    writers.emplace_back([&, i] {
      const std::string content = content_of(i);
      Hashing hashing(threads, Algorithm::sha1);
      digest_behind(hashing, content);
      found[i] = hashing.finish();
    });
  }
  for (std::thread& writer : writers) writer.join();
  for (std::size_t i = 0; i < found.size(); ++i) {
    const std::string content = content_of(i);
    EXPECT_EQ(found[i].md5, digest_of(Algorithm::md5, as_bytes(content))) << i;
    EXPECT_EQ(found[i].checksum, base64(digest_of(Algorithm::sha1, as_bytes(content)))) << i;
    EXPECT_EQ(found[i].crc32c, crc32c(0, as_bytes(content))) << i;
  }
}

TEST(Hashing, ThatIsGivenUpLeavesTheThreadsToOthers) {
  HashThreads threads;
  const std::string content(1 << 20, 'x');
  for (int i = 0; i < 50; ++i) {
    Hashing given_up(threads, std::nullopt);
    given_up.update_behind(as_bytes(content));
    given_up.update_behind(as_bytes(content));
  }
  Hashing hashing(threads, std::nullopt);
  hashing.update_behind(as_bytes(content));
  EXPECT_EQ(hashing.finish().md5, digest_of(Algorithm::md5, as_bytes(content)));
}

}  // namespace
}  // namespace graft::s3
