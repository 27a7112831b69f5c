#include "data/manifest.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "base/file.h"
#include "data/csv.h"

namespace graft {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

// "path=label" of each image.
std::vector<std::string> images(const Listing& listing) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < listing.files.size(); ++i) {
    out.push_back(std::string(listing.files.name(i)) + "=" +
                  listing.labels.at(static_cast<std::size_t>(listing.files.label(i))));
  }
  return out;
}

Listing parse(std::string_view content, ListFormat format) {
  return parse_manifest(content, format, "list");
}

void expect_error(std::string_view content, ListFormat format, const std::string& message) {
  EXPECT_THAT([&] { parse(content, format); }, ThrowsMessage<Error>(HasSubstr(message))) << content.substr(0, 200);
}

TEST(Csv, ReadsTheRecordsOfRfc4180) {
  CsvReader reader("a,\"b\"\"c\",\r\n\n\"x,\ny\",\"\"\nlast", "list");
  std::vector<std::string> fields;
  ASSERT_TRUE(reader.next(fields));
  EXPECT_THAT(fields, ElementsAre("a", "b\"c", ""));
  ASSERT_TRUE(reader.next(fields));
  EXPECT_THAT(fields, ElementsAre("x,\ny", ""));
  EXPECT_EQ(reader.line(), 3u);
  ASSERT_TRUE(reader.next(fields));
  EXPECT_THAT(fields, ElementsAre("last"));
  EXPECT_EQ(reader.line(), 5u);
  EXPECT_FALSE(reader.next(fields));
}

TEST(Csv, AFieldThatIsWrittenReadsTheSame) {
  for (const char* field : {"", "plain", "a,b", "say \"hi\"", "two\nlines", "\r", " ", "\"", "\"\""}) {
    const std::string record = csv_field(field) + "," + csv_field(field) + "\n";
    CsvReader reader(record, "list");
    std::vector<std::string> fields;
    ASSERT_TRUE(reader.next(fields));
    EXPECT_THAT(fields, ElementsAre(field, field));
  }
}

TEST(Manifest, ReadsCsvWithItsColumnsInAnyOrder) {
  const Listing listing =
      parse("\xef\xbb\xbfsplit, Label ,file_name\r\n1,bees,b/1.jpg\r\n2,ants,\"a,1.jpg\"\r\n", ListFormat::csv);
  EXPECT_THAT(listing.labels, ElementsAre("ants", "bees"));
  EXPECT_THAT(images(listing), ElementsAre("b/1.jpg=bees", "a,1.jpg=ants"));
}

TEST(Manifest, ReadsJsonLines) {
  const Listing listing = parse(
      "{\"image\": \"b.jpg\", \"label\": \"bees\"}\n\n{\"class\": 7, \"path\": \"a.jpg\"}\r\n", ListFormat::json_lines);
  EXPECT_THAT(images(listing), ElementsAre("b.jpg=bees", "a.jpg=7"));
}

TEST(Manifest, ReadsLstWithLabelsInTheOrderOfTheirNumbers) {
  const Listing listing = parse("5\t10\tten/1.jpg\n1\t2.000000\ttwo/1.jpg\n2\t0\tzero 1.jpg\n", ListFormat::lst);
  EXPECT_THAT(listing.labels, ElementsAre("0", "2", "10"));
  EXPECT_THAT(images(listing), ElementsAre("ten/1.jpg=10", "two/1.jpg=2", "zero 1.jpg=0"));
}

TEST(Manifest, ReadsAnAugmentedManifestWhateverItsAttributeIsCalled) {
  const Listing listing = parse(
      R"({"source-ref":"c.jpg","my-job":1,"my-job-metadata":{"class-name":"cat","confidence":0.9,"type":"groundtruth/image-classification"}})"
      "\n"
      R"({"source-ref":"d.jpg","my-job":0,"my-job-metadata":{"class-name":"dog"}})"
      "\n",
      ListFormat::json_lines);
  EXPECT_THAT(listing.labels, ElementsAre("dog", "cat"));
  EXPECT_THAT(images(listing), ElementsAre("c.jpg=cat", "d.jpg=dog"));
}

TEST(Manifest, ReadsAnAugmentedManifestWithoutMetadata) {
  const Listing listing = parse(
      "{\"source-ref\":\"c.jpg\",\"class\":\"1\"}\n{\"source-ref\":\"d.jpg\",\"class\":0.0}\n", ListFormat::json_lines);
  EXPECT_THAT(images(listing), ElementsAre("c.jpg=1", "d.jpg=0"));
}

TEST(Manifest, SaysWhichLineIsWrong) {
  expect_error("image,label\na.jpg,x\nb.jpg\n", ListFormat::csv, "list, line 3: 1 fields, and the header has 2");
  expect_error("image,label\n\"a\n.jpg\",x\nb.jpg,\n", ListFormat::csv, "list, line 4: the label is empty");
  expect_error("name,label\n", ListFormat::csv, "line 1: the header names no column \"image\" (or path, file");
  expect_error("image,label\n\"a.jpg,x\n", ListFormat::csv, "line 2: a quote is opened and not closed");
  expect_error("image,label\n\"a\"b,x\n", ListFormat::csv, "line 2: text follows a closing quote");
  expect_error("image,label\n", ListFormat::csv, "list: the list names no image");
  expect_error("", ListFormat::csv, "list: the list is empty");
  expect_error("{\"image\":\"a\",\"label\":\"x\"}\n{\"image\":", ListFormat::json_lines, "line 2: not valid JSON");
  expect_error("[1]", ListFormat::json_lines, "line 1: a line is a JSON object");
  expect_error("{\"label\":\"x\"}", ListFormat::json_lines, "line 1: the field \"image\" (or path, file) is missing");
  expect_error("{\"image\":\"a\"}", ListFormat::json_lines, "line 1: the field \"label\" (or class) is missing");
  expect_error("{\"image\":\"a\",\"label\":0.5}", ListFormat::json_lines, "neither text nor a whole number");
  expect_error("{\"label\":1e999}", ListFormat::json_lines, "line 1: a number is too large");
  expect_error("0\ta.jpg\n", ListFormat::lst, "line 1: expected a number, the label's number and the image");
  expect_error("0\tcat\ta.jpg\n", ListFormat::lst, "the index and the label of a .lst list are whole numbers");
}

TEST(Manifest, RefusesSeveralLabelsPerImage) {
  expect_error("0\t1\t2\ta.jpg\n", ListFormat::lst, "several labels");
  expect_error("{\"image\":\"a\",\"label\":[1,2]}", ListFormat::json_lines, "several labels");
  expect_error(R"({"source-ref":"a","x":1,"x-metadata":{},"y":1,"y-metadata":{}})", ListFormat::json_lines,
               "both \"x\" and \"y\" are labels");
}

TEST(Manifest, RefusesALabelWhoseNumberChanges) {
  const std::string first = R"({"source-ref":"a","x":1,"x-metadata":{"class-name":"cat"}})";
  expect_error(first + "\n" + R"({"source-ref":"b","x":2,"x-metadata":{"class-name":"cat"}})", ListFormat::json_lines,
               "line 2: the label \"cat\" and its number do not go together");
  expect_error(first + "\n" + R"({"source-ref":"b","x":1,"x-metadata":{"class-name":"dog"}})", ListFormat::json_lines,
               "line 2: the label \"dog\" and its number do not go together");
}

TEST(Manifest, RefusesWhatIsNotALocalFile) {
  expect_error("image,label\ns3://bucket/a.jpg,x\n", ListFormat::csv,
               "line 2: s3://bucket/a.jpg is not a local file; download the images first");
  expect_error("{\"image\":\"a\\u0000b\",\"label\":\"x\"}", ListFormat::json_lines, "the image's path is not a path");
  expect_error("image,label\n,x\n", ListFormat::csv, "line 2: the image's path is empty");
  expect_error("image,label\n" + std::string(5000, 'a') + ",x\n", ListFormat::csv, "the image's path is not a path");
}

TEST(Manifest, LimitsTheLengthOfALine) {
  const std::string longer(70'000, 'a');
  expect_error("image,label\n" + longer + ",x\n", ListFormat::csv, "line 2: longer than 65536 bytes");
  expect_error("image,label\n\"" + longer, ListFormat::csv, "line 2: longer than 65536 bytes; is a quote not closed?");
  expect_error("{\"image\":\"" + longer + "\"}", ListFormat::json_lines, "line 1: longer than 65536 bytes");
  expect_error("0\t1\t" + longer, ListFormat::lst, "line 1: longer than 65536 bytes");
  expect_error(std::string(10'000, '['), ListFormat::json_lines, "nested deeper");
  expect_error("image,label\na.jpg," + std::string(300, 'x') + "\n", ListFormat::csv, "longer than 256");
}

TEST(Manifest, KnowsTheFormatByNameOrByContent) {
  EXPECT_EQ(list_format("x.CSV", "{"), ListFormat::csv);
  EXPECT_EQ(list_format("x.lst", ""), ListFormat::lst);
  EXPECT_EQ(list_format("output.manifest", ""), ListFormat::json_lines);
  EXPECT_EQ(list_format("x", " {\"image\""), ListFormat::json_lines);
  EXPECT_EQ(list_format("x.txt", "0\t1\ta.jpg\n"), ListFormat::lst);
  EXPECT_EQ(list_format("x.txt", "image,label\n"), ListFormat::csv);
}

TEST(Manifest, PathsAreRelativeToTheList) {
  TemporaryFolder folder;
  make_folder(folder.path() / "lists");
  write_file(folder.path() / "1.jpg", "one");
  write_file(folder.path() / "lists/all.csv",
             "image,label\n../1.jpg,x\n" + (folder.path() / "1.jpg").string() + ",y\n");
  const DatasetPtr dataset = make_dataset(read_manifest(folder.path() / "lists/all.csv"));
  EXPECT_EQ(as_text(dataset->get(0).content), "one");
  EXPECT_EQ(as_text(dataset->get(1).content), "one");
}

}  // namespace
}  // namespace graft
