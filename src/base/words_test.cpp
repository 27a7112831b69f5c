#include "base/words.h"

#include <gtest/gtest.h>

namespace graft {
namespace {

TEST(Words, AreTheSameWhateverTheCaseOfTheirLetters) {
  EXPECT_TRUE(same_name("Content-TYPE", "content-type"));
  EXPECT_FALSE(same_name("Content-Type", "Content-Typ"));
  EXPECT_FALSE(same_name("a[", "a{")) << "32 apart, and no letters";
  EXPECT_EQ(lower("ABC-\xc4z"), "abc-\xc4z");
}

TEST(Words, AreTrimmedOfSpacesAndTabs) {
  EXPECT_EQ(trimmed(" \t a b\t"), "a b");
  EXPECT_EQ(trimmed(" \t "), "");
  EXPECT_EQ(trimmed(""), "");
  EXPECT_EQ(trimmed("a\n"), "a\n");
}

TEST(Words, AreNotCutWithinACharacter) {
  EXPECT_EQ(cut("a\xC3\xA4", 2), "a");
  EXPECT_EQ(cut("a\xC3\xA4", 3), "a\xC3\xA4");
  EXPECT_EQ(cut("\xA4\xA4", 1), "");
}

}  // namespace
}  // namespace graft
