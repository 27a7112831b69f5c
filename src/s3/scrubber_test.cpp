#include "s3/scrubber.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/crc.h"
#include "base/file.h"
#include "s3/objects.h"

namespace graft::s3 {
namespace {

namespace fs = std::filesystem;

struct ScrubberTest : testing::Test {
  TemporaryFolder folder{};
  Index index{folder.path() / "objects.db"};
  Files files{folder.path() / "objects", 1};
  Soundness soundness{};
  // Its own thread only comes after the test.
  Scrubber scrubber{index, files, soundness, {.bytes = std::uint64_t{1} << 40, .wait = std::chrono::hours(1)}};

  FileId put(const std::string& key, const std::string& content) {
    NewFile file = files.create();
    file.write(as_bytes(content));
    file.sync();
    index.write([&](Database& database) {
      database.run("insert or ignore into buckets (id, name, account, region, created) values (1, 'b', 'a', 'r', 0)");
      put_object(
          database, 1,
          {.key = key, .size = content.size(), .etag = "e", .crc32c = crc32c(0, as_bytes(content)), .file = file.id()},
          {});
    });
    file.keep();
    return file.id();
  }
  void damage(FileId file) {
    std::fstream out(files.path(file), std::ios::in | std::ios::out | std::ios::binary);
    out.seekp(1000);
    out.put('!');
  }
  bool reads(FileId file, const std::string& content) {
    try {
      soundness.check(file, *files.open(file), content.size(), crc32c(0, as_bytes(content)));
      return true;
    } catch (const Error&) {
      return false;
    }
  }
};

TEST_F(ScrubberTest, FindsWhatTheDiskLostOfALargeFile) {
  const std::string content((17 << 20) + 5, 'x');
  const FileId good = put("good", content), bad = put("bad", content);
  damage(bad);
  EXPECT_TRUE(reads(bad, content)) << "nobody has read it yet";
  EXPECT_TRUE(scrubber.scrub_some());
  EXPECT_TRUE(reads(good, content));
  EXPECT_FALSE(reads(bad, content));
}

TEST_F(ScrubberTest, GoesRoundAndRound) {
  const std::string content(20 << 20, 'x');
  const FileId file = put("key", content);
  EXPECT_TRUE(scrubber.scrub_some());
  damage(file);
  EXPECT_FALSE(scrubber.scrub_some()) << "the end of the round";
  EXPECT_TRUE(reads(file, content));
  EXPECT_TRUE(scrubber.scrub_some());
  EXPECT_FALSE(reads(file, content));
}

TEST_F(ScrubberTest, GoesOnWhereItWas) {
  put("a", "one");
  EXPECT_TRUE(scrubber.scrub_some());
  const std::string content(20 << 20, 'x');
  const FileId before = put("Z", content), behind = put("b", content);
  damage(before);
  damage(behind);
  Scrubber other(index, files, soundness, {.bytes = std::uint64_t{1} << 40, .wait = std::chrono::hours(1)});
  EXPECT_TRUE(other.scrub_some());
  EXPECT_TRUE(reads(before, content));
  EXPECT_FALSE(reads(behind, content));
}

}  // namespace
}  // namespace graft::s3
