#include "runner/inputs.h"

#include <gmock/gmock.h>

#include "base/error.h"

namespace graft {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(Inputs, AManifestIsPrefixesAndKeys) {
  const auto objects = parse_manifest(R"([{"prefix": "s3://b/p/"}, "x", "y/z", {"prefix": "s3://c"}, "w"])", "m");
  std::vector<std::string> paths, names;
  for (const InputObject& object : objects) {
    paths.push_back(name(object.path));
    names.push_back(object.name);
  }
  EXPECT_THAT(paths, ElementsAre("s3://b/p/x", "s3://b/p/y/z", "s3://c/w"));
  EXPECT_THAT(names, ElementsAre("x", "y/z", "w"));
}

TEST(Inputs, AManifestThatIsNoneIsRefused) {
  const auto refused = [](const char* content, const char* words) {
    EXPECT_THAT([&] { parse_manifest(content, "m"); }, ThrowsMessage<Error>(HasSubstr(words))) << content;
  };
  refused(R"(["x"])", "begins with {\"prefix\"");
  refused(R"({"prefix": "s3://b/"})", "JSON array");
  refused(R"([{"prefix": "/tmp/"}, "x"])", "/tmp/");
  refused(R"([{"prefix": "s3://b/"}, 7])", "not 7");
  for (const char* name : {"../x", "a/../../x", "/etc/passwd", ""}) {
    refused((std::string(R"([{"prefix": "s3://b/"}, ")") + name + "\"]").c_str(), "can have this name");
  }
}

TEST(Inputs, AnEpochsOrderFollowsTheSeedAlone) {
  JobChannel channel;
  EXPECT_THAT(epoch_order(channel, 3, 7), ElementsAre(0, 1, 2));
  channel.shuffle_seed = 5;
  EXPECT_EQ(epoch_order(channel, 50, 1), epoch_order(channel, 50, 1));
  EXPECT_NE(epoch_order(channel, 50, 1), epoch_order(channel, 50, 2));
}

}  // namespace
}  // namespace graft
