#include "data/image_folder.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "base/error.h"
#include "base/file.h"

namespace graft {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;
using testing::UnorderedElementsAre;

class ImageFolder : public testing::Test {
 protected:
  void add(const std::string& name) {
    make_folder((folder_.path() / name).parent_path());
    std::ofstream(folder_.path() / name) << "content of " + name;
  }
  Listing list() const { return list_image_folder(folder_.path()); }
  std::vector<std::string> names() const {
    const Listing listing = list();
    std::vector<std::string> out;
    for (std::size_t i = 0; i < listing.files.size(); ++i)
      out.push_back(std::string(listing.files.name(i)) + " " + std::to_string(listing.files.label(i)));
    return out;
  }

  TemporaryFolder folder_;
};

TEST_F(ImageFolder, SortsLabelsAndFilesByName) {
  for (const char* name : {"b/2.png", "b/10.jpg", "a/z.JPEG", "a/Y.WebP", "c d/1.gif", "c d/2.bmp"}) add(name);
  EXPECT_THAT(list().labels, ElementsAre("a", "b", "c d"));
  EXPECT_THAT(names(),
              ElementsAre("a/Y.WebP 0", "a/z.JPEG 0", "b/10.jpg 1", "b/2.png 1", "c d/1.gif 2", "c d/2.bmp 2"));
}

TEST_F(ImageFolder, NestedFilesBelongToTheTopLabel) {
  for (const char* name : {"a/x/y/2.jpg", "a/1.jpg", "b/x/1.jpg"}) add(name);
  EXPECT_THAT(names(), ElementsAre("a/1.jpg 0", "a/x/y/2.jpg 0", "b/x/1.jpg 1"));
}

TEST_F(ImageFolder, ListsWhatItDoesNotTake) {
  for (const char* name : {"a/1.jpg", "a/notes.txt", "b/1.jpg", "list.csv", "a/jpg", "a/1.jpgx"}) add(name);
  make_folder(folder_.path() / "empty");
  EXPECT_THAT(list().ignored.names,
              UnorderedElementsAre("a/notes.txt", "list.csv", "a/jpg", "a/1.jpgx", "empty/ (a folder without images)"));
  EXPECT_THAT(list().labels, ElementsAre("a", "b"));
}

TEST_F(ImageFolder, DoesNotLookAtHiddenNames) {
  for (const char* name : {"a/1.jpg", "a/.DS_Store", "a/._1.jpg", ".cache/1.jpg", "b/.hidden/1.jpg", "b/2.jpg"})
    add(name);
  EXPECT_THAT(names(), ElementsAre("a/1.jpg 0", "b/2.jpg 1"));
  EXPECT_THAT(list().ignored.names, IsEmpty());
}

TEST_F(ImageFolder, FollowsLinksAndEndsInLoops) {
  for (const char* name : {"a/1.jpg", "b/1.jpg"}) add(name);
  TemporaryFolder elsewhere;
  write_file(elsewhere.path() / "far.jpg", "far");
  fs::create_directory_symlink(elsewhere.path(), folder_.path() / "b" / "link");
  fs::create_symlink(elsewhere.path() / "far.jpg", folder_.path() / "b" / "near.jpg");
  fs::create_symlink(elsewhere.path() / "gone.jpg", folder_.path() / "b" / "gone.jpg");
  fs::create_directory_symlink(folder_.path() / "a", folder_.path() / "a" / "again");
  EXPECT_THAT(names(), ElementsAre("a/1.jpg 0", "b/1.jpg 1", "b/link/far.jpg 1", "b/near.jpg 1"));
  EXPECT_THAT(list().ignored.names, ElementsAre("b/gone.jpg (a broken link, or not a file)"));
}

TEST_F(ImageFolder, TakesNoPipeForAnImage) {
  add("a/1.jpg");
  ASSERT_EQ(::mkfifo((folder_.path() / "a" / "pipe.jpg").c_str(), 0600), 0);
  EXPECT_THAT(names(), ElementsAre("a/1.jpg 0"));
}

TEST_F(ImageFolder, SaysWhatIsMissing) {
  EXPECT_THAT([&] { list(); }, ThrowsMessage<Error>(HasSubstr("there are no images; put the")));
  add("1.jpg");
  EXPECT_THAT([&] { list(); }, ThrowsMessage<Error>(HasSubstr("there are images but no label")));
  EXPECT_THAT([&] { list_image_folder(folder_.path() / "nowhere"); },
              ThrowsMessage<Error>(HasSubstr("nowhere: No such file or directory")));
}

TEST_F(ImageFolder, RefusesALabelThatIsNotText) {
  add("a\xff/1.jpg");
  EXPECT_THAT([&] { list(); }, ThrowsMessage<Error>(HasSubstr("is not valid UTF-8 text")));
}

TEST_F(ImageFolder, ReadsAFileWhenItsSampleIsAskedFor) {
  for (const char* name : {"a/1.jpg", "b/2.jpg"}) add(name);
  const DatasetPtr dataset = make_dataset(list());
  const Sample sample = dataset->get(1);
  EXPECT_EQ(sample.name, "b/2.jpg");
  EXPECT_EQ(sample.label, 1);
  EXPECT_EQ(as_text(sample.content), "content of b/2.jpg");
  EXPECT_EQ(dataset->path(1), folder_.path() / "b/2.jpg");
  fs::remove(folder_.path() / "b/2.jpg");
  EXPECT_THAT([&] { dataset->get(1); }, ThrowsMessage<Error>(HasSubstr("b/2.jpg: No such file")));
}

TEST_F(ImageFolder, ASubsetHasItsSamplesInItsOrder) {
  for (const char* name : {"a/1.jpg", "a/2.jpg", "b/3.jpg"}) add(name);
  const DatasetPtr whole = make_dataset(list()), part = subset(whole, {2, 0, 2});
  ASSERT_EQ(part->size(), 3u);
  EXPECT_EQ(part->name(0), "b/3.jpg");
  EXPECT_EQ(part->get(1).name, "a/1.jpg");
  EXPECT_EQ(part->label(2), 1);
  EXPECT_EQ(part->path(0), whole->path(2));
  EXPECT_THROW(subset(whole, {3}), Error);
}

TEST(Printable, ReplacesWhatCannotBeShown) {
  EXPECT_EQ(printable("Äpfel/1 \"2\".jpg"), "Äpfel/1 \"2\".jpg");
  EXPECT_EQ(printable("a\xff\nb"), "a\xEF\xBF\xBD?b");
}

}  // namespace
}  // namespace graft
