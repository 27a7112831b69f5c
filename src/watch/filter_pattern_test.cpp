#include "watch/filter_pattern.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace graft {
namespace {

bool match(const char* pattern, const char* message) {
  return matches(parse_filter(pattern), message);
}

TEST(FilterPattern, TermsMustAllBeThere) {
  EXPECT_TRUE(match("", "anything"));
  EXPECT_TRUE(match("  loss  0.5 ", "epoch 1 loss 0.5"));
  EXPECT_FALSE(match("loss 0.6", "epoch 1 loss 0.5"));
  EXPECT_FALSE(match("Loss", "loss"));
}

TEST(FilterPattern, PhrasesHoldSpacesAndQuotationMarks) {
  EXPECT_TRUE(match("\"out of memory\"", "it is out of memory"));
  EXPECT_FALSE(match("\"out of memory\"", "memory is out of"));
  EXPECT_TRUE(match(R"("a \"b\"")", R"(say a "b")"));
}

TEST(FilterPattern, OneOfSomeAndNoneOfOthers) {
  EXPECT_TRUE(match("?ERROR ?WARN", "a WARN"));
  EXPECT_FALSE(match("?ERROR ?WARN", "an INFO"));
  EXPECT_FALSE(match("epoch -\"epoch 1\"", "epoch 1"));
  EXPECT_TRUE(match("epoch -\"epoch 1\"", "epoch 2"));
}

TEST(FilterPattern, RefusesByNameWhatItDoesNotMatch) {
  for (const char* pattern : {"{ $.x = 1 }", "[ip, user]", "%a.*%", "\"open"}) {
    EXPECT_THROW(parse_filter(pattern), Error) << pattern;
  }
  EXPECT_THROW(parse_filter(std::string(2000, 'x')), Error);
}

}  // namespace
}  // namespace graft
