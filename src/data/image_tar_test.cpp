#include "data/image_tar.h"

#include <gmock/gmock.h>

#include "archive/tar_testing.h"
#include "base/error.h"
#include "base/file.h"
#include "data/open.h"

namespace graft {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;

class ImageTar : public testing::Test {
 protected:
  // Each member's content is its name.
  void make(const std::vector<std::string>& members, const std::string& name = "x.tar") const {
    std::vector<TarEntry> entries;
    for (const std::string& each : members) entries.push_back({each, each});
    write_tar(root() / name, entries);
  }
  fs::path root() const { return folder_.path(); }
  fs::path path() const { return root() / "x.tar"; }
  Listing list() const { return list_image_tar({path(), ""}); }

  TemporaryFolder folder_;
};

std::vector<std::string> samples(const Dataset& dataset) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < dataset.size(); ++i) {
    const Sample sample = dataset.get(i);
    out.push_back(text(dataset.labels()[static_cast<std::size_t>(sample.label)], ": ", as_text(sample.content)));
  }
  return out;
}

TEST_F(ImageTar, SortsLabelsAndImagesByNameAsAFolderDoes) {
  make({"b/2.png", "a b/1.jpg", "b/10.JPEG", "a/x/y/2.jpg", "a/1.webp"});
  const DatasetPtr dataset = open_dataset(path());
  EXPECT_THAT(dataset->labels(), ElementsAre("a", "a b", "b"));
  EXPECT_THAT(samples(*dataset),
              ElementsAre("a: a/1.webp", "a: a/x/y/2.jpg", "a b: a b/1.jpg", "b: b/10.JPEG", "b: b/2.png"));
  EXPECT_EQ(dataset->name(0), "a/1.webp");
  EXPECT_EQ(dataset->path(0), path() / "a/1.webp");
}

TEST_F(ImageTar, PassesOverFoldersThatHoldAllImages) {
  make({"home/general/a/1.jpg", "home/general/b/2.jpg", "home/README", "home/general/list.txt"});
  const DatasetPtr dataset = open_dataset(path());
  EXPECT_THAT(samples(*dataset), ElementsAre("a: home/general/a/1.jpg", "b: home/general/b/2.jpg"));
  EXPECT_EQ(dataset->path(1), path() / "home/general/b/2.jpg");
  EXPECT_THAT(dataset->ignored().names, ElementsAre("home/README", "list.txt"));
}

TEST_F(ImageTar, KeepsTheFolderOfAnOnlyLabel) {
  make({"test/a/1.jpg", "test/a/2.jpg"});
  EXPECT_THAT(samples(*open_dataset(path(), {"a", "b"})), ElementsAre("a: test/a/1.jpg", "a: test/a/2.jpg"));
  EXPECT_THAT([&] { open_dataset(path()); }, ThrowsMessage<Error>(HasSubstr("every image has the label \"a\"")));
}

TEST_F(ImageTar, ListsWhatItDoesNotTakeAndDoesNotLookAtHiddenNames) {
  write_tar(path(), {{"a/1.jpg", "1"},
                     {"a/._1.jpg", "of a Mac"},
                     {".cache/x/1.jpg", "hidden"},
                     {"b/1.jpg", "1"},
                     {"b/notes.txt", "text"},
                     {"b/2.jpg", "", AE_IFLNK, "1.jpg"},
                     {"../c/1.jpg", "out"},
                     {"0.jpg", "beside"}});
  EXPECT_THAT(list().labels, ElementsAre("a", "b"));
  EXPECT_THAT(list().ignored.names,
              ElementsAre("../c/1.jpg (named oddly)", "0.jpg", "b/2.jpg (a symbolic link)", "b/notes.txt"));
}

TEST_F(ImageTar, SaysWhatIsMissing) {
  make({"1.jpg", "2.jpg"});
  EXPECT_THAT([&] { open_dataset(path()); }, ThrowsMessage<Error>(HasSubstr("x.tar: there are no images in folders")));
  EXPECT_THAT([&] { open_dataset(path() / "a"); }, ThrowsMessage<Error>(HasSubstr("a: the tar holds no such folder")));
}

TEST_F(ImageTar, HoldsSplitsAsAFolderDoes) {
  make({"data/train/a/1.jpg", "data/train/b/1.jpg", "data/val/b/2.jpg", "data/test/a/3.jpg"});
  const Splits splits = open_splits(path());
  EXPECT_THAT(splits.train->labels(), ElementsAre("a", "b"));
  EXPECT_THAT(samples(*splits.validation), ElementsAre("b: data/val/b/2.jpg"));
  EXPECT_THAT(samples(*splits.test), ElementsAre("a: data/test/a/3.jpg"));
  EXPECT_THAT([&] { open_dataset(path()); },
              ThrowsMessage<Error>(
                  HasSubstr("this holds splits; name one of them, such as " + (path() / "data/train").string())));
  EXPECT_EQ(open_dataset(path() / "data/train")->size(), 2u);
}

TEST_F(ImageTar, CanBeASplitInAFolder) {
  make({"a/1.jpg", "b/1.jpg"}, "train.tar");
  make({"validation/b/2.jpg"}, "validation.tar");
  const Splits splits = open_splits(root());
  EXPECT_EQ(splits.train->size(), 2u);
  EXPECT_THAT(samples(*splits.validation), ElementsAre("b: validation/b/2.jpg"));
}

TEST_F(ImageTar, StandsForAFolderThatHoldsNothingElse) {
  make({"train/a/1.jpg", "train/b/1.jpg", "test/a/2.jpg"});
  EXPECT_EQ(open_splits(root()).test->size(), 1u);
}

TEST_F(ImageTar, GivesListsTheirImages) {
  make({"a/1.jpg", "b/1.jpg"});
  write_file(root() / "list.csv",
             "image,label\nx.tar/b/1.jpg,bee\nx.tar/./a/1.jpg,ant\nx.tar/gone.jpg,ant\nf.jpg,ant\n");
  write_file(root() / "f.jpg", "file");
  const DatasetPtr dataset = open_dataset(root() / "list.csv");
  EXPECT_EQ(as_text(dataset->get(0).content), "b/1.jpg");
  EXPECT_EQ(as_text(dataset->get(1).content), "a/1.jpg");
  EXPECT_THAT([&] { dataset->get(2); }, ThrowsMessage<Error>(HasSubstr("x.tar/gone.jpg: the tar holds no such file")));
  EXPECT_EQ(as_text(dataset->get(3).content), "file");
}

TEST_F(ImageTar, IsRefusedWhenAListLeadsIntoADamagedOne) {
  write_file(path(), "no tar");
  write_file(root() / "list.csv", "image,label\nx.tar/b/1.jpg,bee\nx.tar/a/1.jpg,ant\n");
  EXPECT_THAT([&] { open_dataset(root() / "list.csv"); }, ThrowsMessage<Error>(HasSubstr("this is not a tar archive")));
}

TEST_F(ImageTar, IsRefusedWhenItIsCompressed) {
  for (const char* name : {"y.tar.gz", "y.tgz"}) {
    write_file(root() / name, "\x1f\x8b" + std::string(600, 'x'));
    EXPECT_THAT([&] { open_dataset(root() / name); }, ThrowsMessage<Error>(HasSubstr("decompress it first: gzip -dc")));
  }
}

// The general images, where they are at hand.
TEST(ImageTarOfTheHub, HasFiftyLabels) {
  const fs::path path = fs::path(GRAFT_HUB) / "general-50.tar";
  if (!fs::exists(path)) GTEST_SKIP() << "no data hub";
  const DatasetPtr dataset = open_dataset(path);
  EXPECT_EQ(dataset->labels().size(), 50u);
  EXPECT_EQ(dataset->size(), 21'960u);
  EXPECT_THAT(dataset->ignored().names, IsEmpty());
}

}  // namespace
}  // namespace graft
