#include "data/recordio.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "base/file.h"
#include "data/open.h"
#include "data/recordio_testing.h"

namespace graft {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

const std::string kPicture = "\xff\xd8\xff the rest of a picture";
const std::string kMagic("\x0a\x23\xd7\xce", 4);

RecordIndex index(const std::string& content) {
  return index_records(as_bytes(content), "x.rec");
}

std::string picture(const std::string& content, std::size_t i) {
  return std::string(as_text(read_record(as_bytes(content), index(content).places.at(i))));
}

void refuse(const std::string& content, const std::string& message) {
  EXPECT_THAT([&] { index(content); }, ThrowsMessage<Error>(HasSubstr(message)));
}

TEST(RecordIo, ReadsPicturesAndTheirLabels) {
  const std::string content = record_part(image_record(10, "first")) + record_part(image_record(2, "second!"));
  const RecordIndex found = index(content);
  EXPECT_THAT(found.listing.labels, ElementsAre("2", "10"));
  EXPECT_EQ(found.listing.files.label(0), 1);
  EXPECT_EQ(picture(content, 0), "first");
  EXPECT_EQ(picture(content, 1), "second!");
}

TEST(RecordIo, TakesALabelThatStandsBehindTheHeader) {
  const std::string content = record_part(image_record(3, "picture", 1)) + record_part(image_record(4, "other"));
  EXPECT_THAT(index(content).listing.labels, ElementsAre("3", "4"));
  EXPECT_EQ(picture(content, 0), "picture");
}

TEST(RecordIo, PutsTheMagicBackBetweenParts) {
  const std::string record = image_record(1, "1234" + kMagic + "5678" + kMagic + "9");
  const std::string content = record_part(record.substr(0, 28), 1) + record_part("5678", 2) + record_part("9", 3) +
                              record_part(image_record(0, "next"));
  EXPECT_EQ(picture(content, 0), "1234" + kMagic + "5678" + kMagic + "9");
  EXPECT_EQ(picture(content, 1), "next");
}

TEST(RecordIo, ReadsPairsOfAPictureAndItsLabel) {
  const std::string content = record_part(kPicture) + record_part("\"bees\"") + record_part(kPicture + "2") +
                              record_part("ants") + record_part(kPicture) + record_part("bees");
  const RecordIndex found = index(content);
  EXPECT_THAT(found.listing.labels, ElementsAre("ants", "bees"));
  EXPECT_EQ(found.places.size(), 3u);
  EXPECT_EQ(picture(content, 1), kPicture + "2");
}

TEST(RecordIo, RefusesWhatIsNoSuchFile) {
  refuse("", "x.rec: the RecordIO file is empty");
  refuse(kPicture, "x.rec, record 1: this is no RecordIO file");
  refuse(record_part("short"), "record 1: too short for an image record");
  refuse(record_part(image_record(1, "x")) + "rest", "record 2: the file is cut off");
  const std::string whole = record_part(image_record(1, "a picture of some bytes"));
  refuse(whole.substr(0, whole.size() - 4), "record 1: the file is cut off");
  refuse(record_part("middle", 2), "record 1: the file is damaged: a record's parts are not in order");
  refuse(record_part("first", 1) + record_part("whole"), "record's parts are not in order");
  refuse(record_part("first", 1), "cut off");
}

TEST(RecordIo, RefusesLabelsItCannotLearn) {
  refuse(record_part(image_record(1, "x", 2)), "record 1: the image has 2 labels, and graft learns one per image");
  refuse(record_part(image_record(0.5f, "x")), "record 1: the label 0.5 is no whole number");
  refuse(record_part(image_record(-1, "x")), "the label -1 is no whole number");
  refuse(record_part(kPicture), "record 1: the last picture has no label behind it");
  refuse(record_part(kPicture) + record_part("[0, 1, 1]"), "the label is [0, 1, 1], and graft learns one");
  refuse(record_part(kPicture) + record_part(std::string(2000, 'x')), "AttributeNames");
}

TEST(RecordIo, IsOpenedByItsNameOrAsTheOnlyFileOfAFolder) {
  const TemporaryFolder folder;
  const std::string content = record_part(image_record(0, "zero")) + record_part(image_record(1, "one"));
  write_file(folder.path() / "train.rec", content);
  for (const auto& path : {folder.path() / "train.rec", folder.path()}) {
    const Splits splits = open_splits(path);
    ASSERT_EQ(splits.train->size(), 2u);
    EXPECT_EQ(as_text(splits.train->get(1).content), "one");
  }
}

TEST(RecordIo, IsMeasuredByLabelsThatAreKnown) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "validation.rec";
  write_file(path, record_part(image_record(1, "one")));
  EXPECT_EQ(open_dataset(path, {"0", "1", "2"})->label(0), 1);
  EXPECT_THAT([&] { open_dataset(path, {"0"}); }, ThrowsMessage<Error>(HasSubstr("the label \"1\" is not among")));
  EXPECT_THAT([&] { open_dataset(path); }, ThrowsMessage<Error>(HasSubstr("every image has the label \"1\"")));
}

}  // namespace
}  // namespace graft
