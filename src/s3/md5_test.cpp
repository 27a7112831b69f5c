#include "s3/md5.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.h"
#include "s3/checksum.h"

namespace graft::s3 {
namespace {

std::string md5_of(std::string_view text) {
  Md5 md5;
  md5.update(as_bytes(text));
  return to_hex(md5.finish());
}

std::string noise(std::size_t size, std::uint64_t seed) {
  Random random(Key{seed});
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

// RFC 1321, A.5.
TEST(Md5, IsThatOfTheRfc) {
  EXPECT_EQ(md5_of(""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(md5_of("abc"), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(md5_of("12345678901234567890123456789012345678901234567890123456789012345678901234567890"),
            "57edf4a22be3c955ac49da2e2107b67a");
}

TEST(Md5, OfPiecesIsThatOfTheWhole) {
  const std::string text = noise(300, 1);
  for (std::size_t size = 0; size < text.size(); size += 7) {
    for (const std::size_t cut : {size / 3, size / 2, size}) {
      Md5 md5;
      md5.update(as_bytes(text).first(cut));
      md5.update(as_bytes(text).subspan(cut, size - cut));
      EXPECT_EQ(to_hex(md5.finish()), md5_of(text.substr(0, size))) << size << " cut at " << cut;
    }
  }
}

// Every number of lanes, each of another length, begun within a block or not.
TEST(Md5, OfSeveralContentsSideBySideIsThatOfEach) {
  for (std::size_t count = 1; count <= 19; ++count) {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < count; ++i) texts.push_back(noise(i % 5 == 3 ? 10 : 64 * (i % 7) + 1000 * i + i, i));
    std::vector<Md5> sums(count);
    for (const bool second : {false, true}) {
      std::vector<Md5::Piece> pieces;
      for (std::size_t i = 0; i < count; ++i) {
        const std::size_t cut = i % 2 ? texts[i].size() / 2 : texts[i].size() / 128 * 64;
        pieces.push_back({&sums[i], second ? as_bytes(texts[i]).subspan(cut) : as_bytes(texts[i]).first(cut)});
      }
      Md5::update_all(pieces);
    }
    for (std::size_t i = 0; i < count; ++i)
      EXPECT_EQ(to_hex(sums[i].finish()), md5_of(texts[i])) << i << " of " << count;
  }
}

}  // namespace
}  // namespace graft::s3
