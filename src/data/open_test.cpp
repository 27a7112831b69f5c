#include "data/open.h"

#include <gmock/gmock.h>

#include <fstream>

#include "base/error.h"
#include "base/file.h"

namespace graft {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

class Open : public testing::Test {
 protected:
  void add(const std::string& name, std::string_view content = "content") {
    make_folder((root() / name).parent_path());
    std::ofstream(root() / name) << content;
  }
  std::filesystem::path root() const { return folder_.path(); }

  TemporaryFolder folder_;
};

TEST_F(Open, TakesAFolderOrAList) {
  for (const char* name : {"data/a/1.jpg", "data/b/1.jpg"}) add(name);
  add("list.jsonl", "{\"image\":\"data/a/1.jpg\",\"label\":\"x\"}\n{\"image\":\"data/b/1.jpg\",\"label\":\"y\"}\n");
  EXPECT_THAT(open_dataset(root() / "data")->labels(), ElementsAre("a", "b"));
  EXPECT_THAT(open_dataset(root() / "list.jsonl")->labels(), ElementsAre("x", "y"));
}

TEST_F(Open, SaysWhatCannotBeOpened) {
  EXPECT_THAT([&] { open_dataset(root() / "nowhere"); },
              ThrowsMessage<Error>(HasSubstr("nowhere: there is no such folder, list or tar")));
  add("one/only/1.jpg");
  EXPECT_THAT([&] { open_dataset(root() / "one"); },
              ThrowsMessage<Error>(HasSubstr("every image has the label \"only\"; learning takes two labels or more")));
}

TEST_F(Open, TakesAFolderForTheOnlyListInIt) {
  add("images.csv", "image,label\n1.jpg,a\n2.jpg,b\n");
  for (const char* name : {"1.jpg", "2.jpg", "README.md", ".cache/x.csv"}) add(name);
  EXPECT_THAT(open_dataset(root())->labels(), ElementsAre("a", "b"));
  add("more.csv", "image,label\n1.jpg,a\n2.jpg,b\n");
  EXPECT_THROW(open_dataset(root()), Error);
}

TEST_F(Open, TakesNoListForADatasetBesideFoldersOfImages) {
  for (const char* name : {"a/1.jpg", "b/1.jpg", "images.csv"}) add(name);
  EXPECT_THAT(open_dataset(root())->labels(), ElementsAre("a", "b"));
}

TEST_F(Open, IsNotStoppedByALinkThatLeadsToItself) {
  for (const char* name : {"a/1.jpg", "b/1.jpg"}) add(name);
  std::filesystem::create_symlink(root() / "loop.csv", root() / "loop.csv");
  EXPECT_EQ(open_splits(root()).train->size(), 2u);
}

TEST_F(Open, NumbersLabelsAsItIsTold) {
  for (const char* name : {"a/1.jpg", "c/1.jpg"}) add(name);
  const DatasetPtr dataset = open_dataset(root(), {"c", "b", "a"});
  EXPECT_THAT(dataset->labels(), ElementsAre("c", "b", "a"));
  EXPECT_EQ(dataset->label(0), 2);
  EXPECT_EQ(dataset->label(1), 0);
  EXPECT_THAT(
      [&] {
        open_dataset(root(), {"a", "b"});
      },
      ThrowsMessage<Error>(HasSubstr("the label \"c\" is not among the 2 labels it is to be measured with (a, b)")));
}

TEST_F(Open, FindsSplitsUnderTheirUsualNames) {
  for (const char* name : {"train/a/1.jpg", "train/b/1.jpg", "val/b/2.jpg", "test/a/3.jpg", "README.md"}) add(name);
  const Splits splits = open_splits(root());
  EXPECT_EQ(splits.train->size(), 2u);
  EXPECT_THAT(splits.validation->labels(), ElementsAre("a", "b"));
  EXPECT_EQ(splits.validation->label(0), 1);
  EXPECT_EQ(splits.test->name(0), "a/3.jpg");
}

TEST_F(Open, FindsSplitsThatAreLists) {
  add("train.csv", "image,label\n1.jpg,a\n2.jpg,b\n");
  add("validation.csv", "image,label\n3.jpg,b\n");
  const Splits splits = open_splits(root());
  EXPECT_EQ(splits.validation->label(0), 1);
  EXPECT_EQ(splits.test, nullptr);
}

TEST_F(Open, TrainsOnEverythingWhereThereAreNoSplits) {
  for (const char* name : {"train/1.jpg", "bus/1.jpg"}) add(name);
  const Splits splits = open_splits(root());
  EXPECT_THAT(splits.train->labels(), ElementsAre("bus", "train"));
  EXPECT_EQ(splits.validation, nullptr);
}

TEST_F(Open, TakesNoSplitForALabel) {
  for (const char* name : {"train/a/1.jpg", "train/b/1.jpg", "valid/b/2.jpg"}) add(name);
  EXPECT_THAT([&] { open_dataset(root()); }, ThrowsMessage<Error>(HasSubstr("this holds splits; name one")));
}

TEST_F(Open, RefusesTwoNamesOfOneSplit) {
  for (const char* name : {"train/a/1.jpg", "valid/b/2.jpg", "validation/b/2.jpg"}) add(name);
  EXPECT_THAT([&] { open_splits(root()); }, ThrowsMessage<Error>(HasSubstr("both valid and validation are there")));
}

TEST_F(Open, RefusesALabelThatTrainingDoesNotHave) {
  for (const char* name : {"train/a/1.jpg", "train/b/1.jpg", "test/wasps/2.jpg"}) add(name);
  EXPECT_THAT([&] { open_splits(root()); }, ThrowsMessage<Error>(HasSubstr("test: the label \"wasps\" is not among")));
}

}  // namespace
}  // namespace graft
