// Lists, page by page, against a plain one.
#include <gmock/gmock.h>

#include <set>

#include "s3/s3_testing.h"

namespace graft {
namespace {

using test::element;
using test::TestStore;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::vector<std::string> elements(const std::string& xml, const std::string& name) {
  std::vector<std::string> all;
  for (std::size_t at = xml.find("<" + name + ">"); at != std::string::npos; at = xml.find("<" + name + ">", at + 1)) {
    all.push_back(element(xml.substr(at), name));
  }
  return all;
}

class ListTest : public testing::Test {
 protected:
  ListTest() {
    store.ask("PUT", "/bucket");
    for (const std::string key : {"a", "a/1", "a/2", "a/b/3", "ab", "b/1", "c"})
      store.ask("PUT", "/bucket/" + key, "x");
  }
  std::vector<std::string> keys(const std::string& query) {
    return elements(store.ask("GET", "/bucket?list-type=2" + query).body, "Key");
  }
  // All pages of one entry each; common prefixes count.
  std::vector<std::string> pages(const std::string& query) {
    std::vector<std::string> all;
    std::string token;
    do {
      const std::string more = token.empty() ? "" : "&continuation-token=" + percent_encode_path(token);
      const std::string xml = store.ask("GET", "/bucket?list-type=2&max-keys=1" + query + more).body;
      for (const std::string& key : elements(xml, "Key")) all.push_back(key);
      for (const std::string& group : elements(xml, "CommonPrefixes")) all.push_back(element(group, "Prefix"));
      token = element(xml, "NextContinuationToken");
    } while (!token.empty() && all.size() < 100);
    return all;
  }
  TestStore store;
};

TEST_F(ListTest, IsInTheOrderOfBytes) {
  store.ask("PUT", "/bucket/%C3%A4", "x");
  store.ask("PUT", "/bucket/Z", "x");
  EXPECT_THAT(keys(""), ElementsAre("Z", "a", "a/1", "a/2", "a/b/3", "ab", "b/1", "c", "\xc3\xa4"));
}

TEST_F(ListTest, HasWhatBeginsWithThePrefix) {
  EXPECT_THAT(keys("&prefix=a/"), ElementsAre("a/1", "a/2", "a/b/3"));
  EXPECT_THAT(keys("&prefix=a/&start-after=a/1"), ElementsAre("a/2", "a/b/3"));
  EXPECT_THAT(keys("&prefix=none"), ElementsAre());
}

TEST_F(ListTest, PutsWhatIsBehindADelimiterTogether) {
  const std::string xml = store.ask("GET", "/bucket?list-type=2&delimiter=/").body;
  EXPECT_THAT(elements(xml, "Key"), ElementsAre("a", "ab", "c"));
  EXPECT_THAT(elements(xml, "CommonPrefixes"), ElementsAre("<Prefix>a/</Prefix>", "<Prefix>b/</Prefix>"));
  EXPECT_EQ(element(xml, "KeyCount"), "5");
  EXPECT_EQ(element(xml, "IsTruncated"), "false");
}

TEST_F(ListTest, GoesOnWhereThePageBeforeEnded) {
  EXPECT_THAT(pages(""), ElementsAre("a", "a/1", "a/2", "a/b/3", "ab", "b/1", "c"));
  EXPECT_THAT(pages("&delimiter=/"), ElementsAre("a", "a/", "ab", "b/", "c"));
  EXPECT_THAT(pages("&delimiter=/&prefix=a/"), ElementsAre("a/1", "a/2", "a/b/"));
}

TEST_F(ListTest, SpeaksVersionOneToo) {
  std::vector<std::string> all;
  std::string marker, xml;
  do {
    xml = store.ask("GET", "/bucket?delimiter=/&max-keys=2&marker=" + marker).body;
    for (const std::string& key : elements(xml, "Key")) all.push_back(key);
    for (const std::string& group : elements(xml, "CommonPrefixes")) all.push_back(element(group, "Prefix"));
    marker = element(xml, "NextMarker");
  } while (!marker.empty() && all.size() < 100);
  EXPECT_THAT(all, ElementsAre("a", "a/", "ab", "b/", "c"));
}

TEST_F(ListTest, EncodesKeysWhereItIsAsked) {
  store.ask("PUT", "/bucket/d%20%26%01", "x");
  const std::string xml = store.ask("GET", "/bucket?list-type=2&prefix=d&encoding-type=url").body;
  EXPECT_EQ(element(xml, "Key"), "d%20%26%01");
  EXPECT_EQ(element(xml, "EncodingType"), "url");
  EXPECT_THAT(store.ask("GET", "/bucket?prefix=d").body, HasSubstr("<Key>d &amp;&#1;</Key>"));
}

TEST_F(ListTest, SaysEachObjectIsItsOneVersion) {
  const std::string xml = store.ask("GET", "/bucket?versions&prefix=a/").body;
  EXPECT_THAT(elements(xml, "VersionId"), ElementsAre("null", "null", "null"));
}

TEST_F(ListTest, RefusesArgumentsThatAreNone) {
  EXPECT_EQ(element(store.ask("GET", "/bucket?max-keys=x").body, "Code"), "InvalidArgument");
  EXPECT_EQ(element(store.ask("GET", "/bucket?list-type=3").body, "Code"), "InvalidArgument");
  EXPECT_EQ(element(store.ask("GET", "/bucket?list-type=2&continuation-token=!").body, "Code"), "InvalidArgument");
  EXPECT_THAT(elements(store.ask("GET", "/bucket?list-type=2&max-keys=0").body, "Key"), ElementsAre());
}

}  // namespace
}  // namespace graft
