#include "data/scan.h"

#include <gmock/gmock.h>

#include <cstdlib>
#include <cstring>
#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "data/write_split.h"

namespace graft {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::ThrowsMessage;

// A picture that no other number gives.
Image picture(int number, int width = 48, int height = 40) {
  Image image{width, height, {}};
  for (int i = 0; i < width * height; ++i) {
    const int value = (i * (number + 3) + number * 17) & 255;
    for (int c = 0; c < 3; ++c) image.pixels.push_back(static_cast<std::uint8_t>(value ^ (c * 40)));
  }
  return image;
}

class ScanTest : public testing::Test {
 protected:
  void add(const std::string& name, ByteView content) {
    make_folder((root() / name).parent_path());
    std::ofstream(root() / name, std::ios::binary) << as_text(content);
  }
  void add(const std::string& name, int number) { add(name, encode_jpeg(picture(number))); }
  void add_many(const std::string& folder, int first, int count) {
    for (int i = first; i < first + count; ++i) add(folder + "/" + std::to_string(i) + ".jpg", i);
  }
  Scan scan_all() const { return scan(open_splits(root()), 2); }
  fs::path root() const { return folder_.path() / "data"; }

  TemporaryFolder folder_;
};

const Finding* find(const Scan& scan, std::string_view what) {
  for (const Finding& each : scan.findings) {
    if (each.what == what) return &each;
  }
  return nullptr;
}

std::vector<std::string> examples(const Scan& scan, std::string_view what) {
  const Finding* finding = find(scan, what);
  return finding ? finding->examples : std::vector<std::string>{};
}

TEST_F(ScanTest, FindsNothingInAGoodFolder) {
  add_many("a", 0, 10);
  add_many("b", 100, 20);
  const Scan result = scan_all();
  EXPECT_THAT(result.findings, IsEmpty());
  EXPECT_THAT(result.splits.train.problems, IsEmpty());
  EXPECT_THAT(label_counts(result.splits.train), ElementsAre(10u, 20u));
  const FileFacts& first = result.splits.train.files[0];
  EXPECT_EQ(first.width, 48);
  EXPECT_EQ(first.height, 40);
  EXPECT_EQ(first.digest, sha256(read_file(root() / "a/0.jpg")));
}

TEST_F(ScanTest, ProcessesThatShareTheReadingFindWhatOneFinds) {
  add_many("a", 0, 11);
  add_many("b", 100, 20);
  add("a/11.jpg", as_bytes("not an image"));
  add("b/99.jpg", as_bytes("nor this"));
  const Scan alone = scan_all();
  // What each of three finds, and then what one of them makes of all.
  std::vector<std::string> found(3);
  for (int number = 0; number < 3; ++number) {
    const auto keep = [&](const std::string& text) {
      found[static_cast<std::size_t>(number)] = text;
      return std::vector<std::string>(3, text);
    };
    try {
      scan(open_splits(root()), 1, {number, 3, keep});
    } catch (const std::exception&) {
      // Three times its own part makes no sense.
    }
  }
  const Scan shared = scan(open_splits(root()), 1, {1, 3, [&](const std::string&) { return found; }});
  EXPECT_EQ(shared.splits.train.problems, alone.splits.train.problems);
  for (std::size_t i = 0; i < alone.splits.train.files.size(); ++i) {
    EXPECT_EQ(shared.splits.train.files[i].digest, alone.splits.train.files[i].digest) << i;
    EXPECT_EQ(shared.splits.train.files[i].problem, alone.splits.train.files[i].problem) << i;
  }
}

TEST_F(ScanTest, ListsFilesThatCannotBeUsedAndWhy) {
  add_many("a", 0, 10);
  add_many("b", 100, 10);
  const Bytes jpeg = encode_jpeg(picture(50)), png = encode_png(picture(51));
  add("a/cut.jpg", ByteView(jpeg).first(jpeg.size() * 2 / 3));
  add("a/cut.png", ByteView(png).first(png.size() / 2));
  add("a/text.jpg", as_bytes("these are notes"));
  add("a/void.jpg", ByteView());
  const Scan result = scan_all();
  EXPECT_THAT(examples(result, "damaged"), ElementsAre(HasSubstr("a/cut.jpg: "), HasSubstr("a/cut.png: ")));
  EXPECT_THAT(examples(result, "no_image"),
              ElementsAre("a/text.jpg: not a JPEG, PNG, WebP, GIF or BMP picture", "a/void.jpg: the file is empty"));
  EXPECT_THAT(usable(result.splits.train).files, SizeIs(20));
  EXPECT_EQ(usable(result.splits.train).dataset->size(), 20u);
  EXPECT_FALSE(result.leaks());
}

TEST_F(ScanTest, ListsAFileThatIsGone) {
  add_many("a", 0, 10);
  add_many("b", 100, 10);
  const Splits splits = open_splits(root());
  fs::remove(root() / "b/103.jpg");
  EXPECT_THAT(examples(scan(splits, 2), "unreadable"), ElementsAre(HasSubstr("b/103.jpg: No such file")));
}

TEST_F(ScanTest, RefusesABombByItsSizeAlone) {
  add_many("a", 0, 10);
  add_many("b", 100, 10);
  Bytes bomb = encode_png(picture(1, 40, 40));
  // The header's width and height, big-endian 60000 each, with the checksum that belongs to them.
  const unsigned char header[] = {0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60, 8, 2, 0, 0, 0, 0x0f, 0xb0, 0xe2, 0x15};
  std::memcpy(bomb.data() + 16, header, sizeof header);
  add("a/bomb.png", bomb);
  const Scan result = scan_all();
  EXPECT_THAT(examples(result, "too_large"), ElementsAre(HasSubstr("a/bomb.png: ")));
}

// One pixel, in two frames.
std::string animated_gif() {
  using namespace std::string_literals;
  const std::string frame = "\x2c\0\0\0\0\1\0\1\0\0\2\2\x44\1\0"s;
  return "GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff"s + frame + frame + ";";
}

TEST_F(ScanTest, ListsOddFilesThatAreUsedAllTheSame) {
  add_many("a", 0, 10);
  add_many("b", 100, 10);
  add("a/jpeg.png", encode_jpeg(picture(60)));
  add("a/small.png", encode_png(picture(61, 64, 31)));
  add("a/wink.gif", as_bytes(animated_gif()));
  const Scan result = scan_all();
  EXPECT_THAT(examples(result, "wrongly_named"), ElementsAre("a/jpeg.png"));
  EXPECT_THAT(examples(result, "tiny"), ElementsAre("a/small.png: 64 x 31", "a/wink.gif: 1 x 1"));
  EXPECT_THAT(examples(result, "animated"), ElementsAre("a/wink.gif"));
  EXPECT_THAT(usable(result.splits.train).files, SizeIs(23));
}

TEST_F(ScanTest, FindsCopiesConflictsAndLeaks) {
  add_many("train/a", 0, 10);
  add_many("train/b", 100, 10);
  add("train/a/copy.jpg", 3);
  add("train/b/claimed.jpg", 4);
  add("test/a/seen.jpg", 5);
  add("test/a/unseen.jpg", 70);
  const Scan result = scan_all();
  EXPECT_TRUE(result.leaks());
  EXPECT_THAT(examples(result, "leak"), ElementsAre("train/a/5.jpg = test/a/seen.jpg"));
  EXPECT_THAT(examples(result, "conflicting_labels"), ElementsAre("train/a/4.jpg = train/b/claimed.jpg"));
  EXPECT_THAT(examples(result, "duplicate"),
              ElementsAre("train/a/3.jpg = train/a/copy.jpg", "train/a/4.jpg = train/b/claimed.jpg"));
  EXPECT_EQ(result.findings[0].what, "leak");
  EXPECT_THAT(examples(result, "missing_label"), ElementsAre("test: b"));
}

TEST_F(ScanTest, FindsSmallLabelsAndImbalance) {
  add_many("a", 0, 12);
  add_many("b", 100, 1);
  add_many("c", 200, 9);
  add("d/none.jpg", as_bytes("text"));
  const Scan result = scan_all();
  EXPECT_THAT(examples(result, "few_images"), ElementsAre("c: 9 images"));
  EXPECT_THAT(examples(result, "one_image"), ElementsAre("b: 1 image"));
  EXPECT_THAT(examples(result, "no_images"), ElementsAre("d: 0 images"));
  ASSERT_TRUE(find(result, "imbalance"));
  EXPECT_THAT(find(result, "imbalance")->sentence, HasSubstr("12.0 times"));
  EXPECT_DOUBLE_EQ(majority_accuracy(label_counts(result.splits.train)), 12.0 / 22);
}

TEST_F(ScanTest, ListsIgnoredFiles) {
  add_many("a", 0, 10);
  add_many("b", 100, 10);
  add("a/raw.tiff", as_bytes("II*"));
  EXPECT_THAT(examples(scan_all(), "ignored"), ElementsAre("a/raw.tiff"));
}

TEST_F(ScanTest, SpeaksToPeopleAndToPrograms) {
  add_many("train/a", 0, 10);
  add_many("train/b", 100, 30);
  add("validation/a/1.jpg", 0);
  add("validation/b/\xff.jpg", 500);
  const Scan result = scan_all();
  const Json json = Json::parse(to_json(result).dump());
  EXPECT_EQ(json["images"], 42);
  EXPECT_EQ(json["splits"]["train"]["labels"], (Json{{"a", 10}, {"b", 30}}));
  EXPECT_EQ(json["splits"]["train"]["majority_accuracy"], 0.75);
  EXPECT_EQ(json["findings"][0]["what"], "leak");
  EXPECT_EQ(json["findings"][0]["severity"], "error");
  const std::string text = to_text(result);
  EXPECT_THAT(text, HasSubstr("train       40 images of 40 to 48 pixels a side; a 10, b 30\n"));
  EXPECT_THAT(text, HasSubstr("always answering \"b\" is right for 75.0 %\n"));
  EXPECT_THAT(text, HasSubstr("error: 1 image in two splits; what is measured on the copies is false\n"));
}

class WriteSplit : public ScanTest {
 protected:
  void SetUp() override {
    add_many("a", 0, 20);
    add_many("b", 100, 20);
    add("b/deep/100.jpg", 150);
    add("b/broken.jpg", as_bytes("text"));
  }
  WrittenSplit write(SetLayout layout) const { return write_split(scan_all().splits.train, {0.3, 0.2}, out(), layout); }
  fs::path out() const { return folder_.path() / "out"; }
  Scan reopened() const { return scan(open_splits(out()), 2); }
};

TEST_F(WriteSplit, LinksFilesIntoFoldersThatOpenAgain) {
  const WrittenSplit written = write(SetLayout::links);
  EXPECT_EQ(written.train + written.validation + written.test, 41u);
  EXPECT_EQ(written.left_out, 1u);
  const Scan result = reopened();
  EXPECT_EQ(result.splits.train.files.size(), written.train);
  EXPECT_EQ(result.splits.validation.files.size(), written.validation);
  EXPECT_EQ(result.splits.test.files.size(), written.test);
  EXPECT_FALSE(result.leaks());
  EXPECT_EQ(fs::hard_link_count(result.splits.train.dataset->path(0)), 2u);
}

TEST_F(WriteSplit, CopiesWhenAsked) {
  write(SetLayout::copies);
  const Scan result = reopened();
  EXPECT_EQ(fs::hard_link_count(result.splits.train.dataset->path(0)), 1u);
  EXPECT_THAT(result.splits.train.problems, IsEmpty());
}

TEST_F(WriteSplit, CopiesToAnotherFileSystem) {
  if (!fs::is_directory("/dev/shm")) GTEST_SKIP() << "no second file system";
  std::string pattern = "/dev/shm/graft-XXXXXX";
  ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
  const WrittenSplit written = write_split(scan_all().splits.train, {}, pattern, SetLayout::links);
  const Splits splits = open_splits(pattern);
  EXPECT_EQ(splits.train->size(), written.train);
  EXPECT_EQ(fs::hard_link_count(splits.train->path(0)), 1u);
  fs::remove_all(pattern);
}

TEST_F(WriteSplit, WritesListsOfTheFilesWhereTheyAre) {
  const WrittenSplit written = write(SetLayout::lists);
  EXPECT_THAT(read_text(out() / "train.csv"), HasSubstr("\n../data/a/"));
  const Scan result = reopened();
  EXPECT_EQ(result.splits.train.files.size(), written.train);
  EXPECT_THAT(result.splits.train.problems, IsEmpty());
  EXPECT_THAT(result.splits.train.dataset->labels(), ElementsAre("a", "b"));
}

TEST_F(WriteSplit, KeepsFilesApartThatHaveTheSameName) {
  add("b/deeper/100.jpg", 151);
  add("b/deepest/100.jpg", 151);
  write(SetLayout::links);
  const Scan result = reopened();
  EXPECT_EQ(result.splits.train.files.size() + result.splits.validation.files.size() + result.splits.test.files.size(),
            43u);
}

TEST_F(WriteSplit, LeavesAFolderAloneThatHoldsSomething) {
  make_folder(out());
  EXPECT_NO_THROW(write(SetLayout::lists));
  EXPECT_THAT([&] { write(SetLayout::lists); }, ThrowsMessage<Error>(HasSubstr("out: this is not an empty folder")));
}

TEST_F(WriteSplit, LeavesNothingBehindWhenItFails) {
  const Scan result = scan_all();
  fs::remove_all(root() / "a");
  EXPECT_THROW(write_split(result.splits.train, {}, out(), SetLayout::links), Error);
  std::vector<std::string> left;
  for (const auto& entry : fs::directory_iterator(folder_.path())) left.push_back(entry.path().filename().string());
  EXPECT_THAT(left, ElementsAre("data"));
}

// The photographs of ants and bees, where they are at hand.
TEST(ScanOfPhotographs, FindsThemAllUsable) {
  const fs::path folder = fs::path(GRAFT_HUB) / "hymenoptera";
  if (!fs::exists(folder)) GTEST_SKIP() << "no data hub";
  const Scan result = scan(open_splits(folder), 2);
  EXPECT_THAT(result.splits.train.dataset->labels(), ElementsAre("ants", "bees"));
  EXPECT_THAT(label_counts(result.splits.validation), ElementsAre(70u, 83u));
  EXPECT_FALSE(result.leaks());
  EXPECT_THAT(result.splits.train.problems, IsEmpty());
}

}  // namespace
}  // namespace graft
