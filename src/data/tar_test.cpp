#include "data/tar.h"

#include <gmock/gmock.h>

#include <iomanip>
#include <sstream>
#include <thread>

#include "archive/tar_testing.h"
#include "base/error.h"
#include "base/file.h"

namespace graft {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

class TarTest : public testing::Test {
 protected:
  fs::path path() const { return folder_.path() / "x.tar"; }
  TarPtr open(const std::vector<TarEntry>& entries, int format = ARCHIVE_FORMAT_TAR_USTAR) const {
    write_tar(path(), entries, format);
    return open_tar(path());
  }
  void refuse(const std::string& content, const std::string& message) const {
    write_file(path(), content);
    EXPECT_THAT([&] { open_tar(path()); }, ThrowsMessage<Error>(HasSubstr(message)));
  }
  std::string written(const std::vector<TarEntry>& entries) const {
    write_tar(path(), entries);
    return read_text(path());
  }

  TemporaryFolder folder_;
};

std::string content(const TarPtr& tar, std::string_view name) {
  const auto found = tar->index().find(name);
  return found ? std::string(as_text(tar->read(*found))) : "(missing)";
}

std::vector<std::string> names(const TarPtr& tar) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < tar->index().size(); ++i) {
    const TarObstacle obstacle = tar->index().member(i).obstacle;
    out.emplace_back(tar->index().name(i));
    if (obstacle != TarObstacle::none) out.back() += text(" is ", words_of(obstacle));
  }
  return out;
}

// Writes the checksum that the header at the beginning of `tar` has.
void sign(std::string& tar) {
  tar.replace(148, 8, "        ");
  unsigned sum = 0;
  for (char c : tar.substr(0, 512)) sum += static_cast<unsigned char>(c);
  std::ostringstream digits;
  digits << std::oct << std::setw(6) << std::setfill('0') << sum << '\0' << ' ';
  tar.replace(148, 8, digits.str());
}

TEST_F(TarTest, ReadsEveryMemberOfEveryFormat) {
  const std::string long_name = "a/" + std::string(200, 'l') + "/" + std::string(150, 'm') + ".jpg";
  for (int format : {ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FORMAT_TAR_GNUTAR, ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE}) {
    std::vector<TarEntry> entries;
    for (std::size_t size : {0u, 1u, 511u, 512u, 513u, 10'000u})
      entries.push_back({"b/" + std::to_string(size) + ".jpg", std::string(size, static_cast<char>('a' + size % 26))});
    entries.push_back({"ü/é.jpg", "accents"});
    if (format != ARCHIVE_FORMAT_TAR_USTAR) entries.push_back({long_name, "far"});
    const TarPtr tar = open(entries, format);
    EXPECT_EQ(tar->index().size(), entries.size());
    for (const TarEntry& each : entries) EXPECT_EQ(content(tar, each.name), each.content) << each.name;
  }
}

TEST_F(TarTest, OrdersMembersByNameAndTakesTheLastOfAName) {
  const TarPtr tar = open({{"./b.jpg", "old"}, {"a//1.jpg", "1"}, {"folder", "", AE_IFDIR}, {"b.jpg", "new"}});
  EXPECT_THAT(names(tar), ElementsAre("a/1.jpg", "b.jpg"));
  EXPECT_EQ(content(tar, "b.jpg"), "new");
  EXPECT_EQ(content(tar, "a/1"), "(missing)");
}

TEST_F(TarTest, SaysWhatItDoesNotRead) {
  const TarPtr tar = open({{"a.jpg", "a"},
                           {"b.jpg", "", AE_IFREG, "a.jpg"},
                           {"c.jpg", "", AE_IFLNK, "/etc/passwd"},
                           {"d.jpg", "", AE_IFIFO},
                           {"../e.jpg", "e"},
                           {"/f.jpg", "f"}});
  EXPECT_THAT(names(tar), ElementsAre("../e.jpg is named oddly", "/f.jpg is named oddly", "a.jpg",
                                      "b.jpg is a hard link", "c.jpg is a symbolic link", "d.jpg is not a file"));
  EXPECT_THAT([&] { content(tar, "c.jpg"); }, ThrowsMessage<Error>(HasSubstr("x.tar/c.jpg: it is a symbolic link")));
}

// GNU's format "S": the header says where the pieces of the file belong, and the pieces follow it.
TEST_F(TarTest, DoesNotReadFilesWithGaps) {
  std::string tar = written({{"a.jpg", std::string(512, 'a')}, {"b.jpg", "b"}});
  std::string header = tar.substr(0, 512);
  header[156] = 'S';
  header.replace(257, 8, "ustar  ", 8);
  header.replace(345, 155, std::string(155, '\0'));
  header.replace(386, 24,
                 "00000010000\0"
                 "00000001000\0",
                 24);
  header.replace(483, 12, "00000020000\0", 12);
  sign(header);
  write_file(path(), header + tar.substr(512));
  EXPECT_THAT(names(open_tar(path())), ElementsAre("a.jpg is stored with gaps", "b.jpg"));
}

TEST_F(TarTest, RefusesWhatIsCutOff) {
  const std::string whole = written({{"a.jpg", std::string(1000, 'a')}, {"b.jpg", std::string(1000, 'b')}});
  refuse(whole.substr(0, 700), "x.tar: the tar is cut off in the middle of a.jpg; copy it here again");
  refuse(whole.substr(0, 1700), "the tar is damaged or cut off");
  refuse(whole.substr(0, 2048 + 512), "the tar is cut off in the middle of b.jpg");
  refuse(whole.substr(0, 2 * 1536), "the tar is cut off, as it lacks the zeros at its end");
}

TEST_F(TarTest, RefusesWhatIsDamaged) {
  std::string whole = written({{"a.jpg", "a"}, {"b.jpg", "b"}});
  whole[1024 + 3]++;
  refuse(whole, "the tar is damaged or cut off");
}

TEST_F(TarTest, RefusesSizesThatCannotBe) {
  const std::string octal = "77777777777 ", positive = "\x80" + std::string(3, '\0') + "\x7f" + std::string(7, '\xff');
  for (const std::string& size : {octal, positive, std::string(12, '\xff')}) {
    std::string whole = written({{"a.jpg", "a"}});
    sign(whole.replace(124, 12, size));
    write_file(path(), std::string_view(whole));
    EXPECT_THROW(open_tar(path()), Error);
  }
}

TEST_F(TarTest, RefusesOtherFilesAndNamesTheCommandForCompressedOnes) {
  refuse("", "x.tar: this is not a tar archive");
  refuse("image,label\n", "x.tar: this is not a tar archive");
  refuse("\x1f\x8b" + std::string(600, 'x'), "decompress it first: gzip -dc '");
  refuse("\x28\xb5\x2f\xfd" + std::string(600, 'x'), "zstd -dc '");
}

TEST_F(TarTest, LeadsPathsThroughTarsThatAreThere) {
  write_tar(path(), {{"a/1.jpg", "1"}});
  const auto inside = through_tar(path() / "./a//1.jpg");
  ASSERT_TRUE(inside);
  EXPECT_EQ(inside->file, path());
  EXPECT_EQ(inside->inside, "a/1.jpg");
  EXPECT_EQ(through_tar(path())->inside, "");
  EXPECT_EQ(through_tar(path().string() + "/")->path(), path());
  EXPECT_FALSE(through_tar(folder_.path() / "y.tar" / "a"));
  fs::create_directories(folder_.path() / "folder.tar" / "a");
  EXPECT_FALSE(through_tar(folder_.path() / "folder.tar" / "a"));
}

TEST_F(TarTest, IsIndexedOnceWhileItIsOpenAndAgainWhenItHasChanged) {
  TarPtr first = open({{"a.jpg", "1"}});
  EXPECT_EQ(open_tar(path()), first);
  EXPECT_EQ(open_tar(folder_.path() / "." / "x.tar"), first);
  const TarPtr second = open({{"a.jpg", "1"}, {"b.jpg", std::string(20'000, 'b')}});
  EXPECT_NE(second, first);
  EXPECT_EQ(second->index().size(), 2u);
}

TEST_F(TarTest, SaysWhenTheTarHasBecomeShorter) {
  const TarPtr tar = open({{"a.jpg", "a"}, {"b.jpg", "b"}});
  fs::resize_file(path(), 700);
  EXPECT_EQ(content(tar, "a.jpg"), "a");
  EXPECT_THAT([&] { content(tar, "b.jpg"); }, ThrowsMessage<Error>(HasSubstr("the tar has become shorter")));
}

TEST_F(TarTest, IsReadByManyThreads) {
  std::vector<TarEntry> entries;
  for (int i = 0; i < 200; ++i)
    entries.push_back(
        {std::to_string(i) + ".jpg", std::string(static_cast<std::size_t>(37 * i), static_cast<char>(i))});
  const TarPtr tar = open(entries);
  std::vector<int> wrong(4);
  std::vector<std::jthread> threads;
  for (int& count : wrong) {
    threads.emplace_back([&] {
      for (const TarEntry& each : entries) count += content(tar, each.name) != each.content;
    });
  }
  threads.clear();
  EXPECT_THAT(wrong, ElementsAre(0, 0, 0, 0));
}

}  // namespace
}  // namespace graft
