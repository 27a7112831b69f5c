// The pickles are written by hand; those that Python writes are in pytorch_checkpoint_test.cpp.
#include "zoo/pickle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace graft::pickle {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// A literal with zero bytes in it.
template <std::size_t Size>
std::string bytes(const char (&literal)[Size]) {
  return {literal, Size - 1};
}

Document parse(const std::string& content) {
  return pickle::parse(as_bytes(content), "a.pth");
}

std::string refusal(const std::string& content) {
  try {
    parse(content);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

template <typename Type>
Type value_of(const std::string& content) {
  return std::get<Type>(parse(content).root->data);
}

TEST(Pickle, BuildsScalars) {
  EXPECT_EQ(value_of<std::int64_t>("K\xff."), 255);
  EXPECT_EQ(value_of<std::int64_t>("M\xff\xff."), 65535);
  EXPECT_EQ(value_of<std::int64_t>("J\xfe\xff\xff\xff."), -2);
  EXPECT_EQ(value_of<std::int64_t>("\x8a\x01\x80."), -128);
  EXPECT_EQ(value_of<std::int64_t>(bytes("\x8a\x02\x80\x00.")), 128);
  EXPECT_EQ(value_of<std::int64_t>(bytes("\x8a\x00.")), 0);
  EXPECT_EQ(value_of<double>(bytes("G?\xd0\x00\x00\x00\x00\x00\x00.")), 0.25);
  EXPECT_EQ(value_of<std::string>(bytes("X\x02\x00\x00\x00no.")), "no");
  EXPECT_TRUE(value_of<bool>("\x88."));
  EXPECT_TRUE(parse("N.").root->as<None>());
}

TEST(Pickle, BuildsContainersAndSharesWhatTheMemoHolds) {
  const Document document =
      parse(bytes("\x80\x02}q\x00(U\x01"
                  "a]q\x01K\x01"
                  "aU\x01"
                  "bh\x01u."));
  const auto& dict = *document.root->as<Dict>();
  ASSERT_EQ(dict.items.size(), 2u);
  EXPECT_EQ(dict.items[0].second, dict.items[1].second);
  EXPECT_EQ(*dict.items[0].second->as<List>()->items.at(0)->as<std::int64_t>(), 1);
}

TEST(Pickle, BuildsACircleWithoutFollowingIt) {
  const Document document =
      parse(bytes("]q\x00h\x00"
                  "a."));
  EXPECT_EQ(document.root->as<List>()->items.at(0), document.root);
}

TEST(Pickle, RefusesNamesThatCouldRunCode) {
  for (const char* name : {"os\nsystem\n", "posix\nsystem\n", "builtins\neval\n", "torch\nload\n", "nt\nsystem\n",
                           "torch._utils\n_rebuild_tensor_v3\n", "collections\nOrderedDict.clear\n"}) {
    std::string path = name;
    path.pop_back();
    path.replace(path.find('\n'), 1, ".");
    EXPECT_THAT(refusal(text("c", name, ")R.")), AllOf(HasSubstr(path + ","), HasSubstr("run code"))) << path;
  }
  EXPECT_THAT(refusal("\x8c\x02os\x8c\x06system\x93."), HasSubstr("os.system"));
}

TEST(Pickle, RefusesOpcodesByName) {
  EXPECT_THAT(refusal("(U\x04lsosios\nsystem\n."), HasSubstr("INST 0x69"));
  EXPECT_THAT(refusal("\x82\x01."), HasSubstr("EXT1 0x82"));
  EXPECT_THAT(refusal("(o."), HasSubstr("OBJ 0x6f"));
  EXPECT_THAT(refusal("\x01"), HasSubstr("opcode 0x01"));
}

TEST(Pickle, RefusesToCallWhatIsNoConstructor) {
  EXPECT_THAT(refusal("ctorch\nFloatStorage\n)R."), HasSubstr("calls torch.FloatStorage"));
  EXPECT_THAT(refusal("c__torch__.net\nNet\n)R."), HasSubstr("calls __torch__.net.Net"));
  EXPECT_THAT(refusal("ctorch\nSize\n)\x81."), HasSubstr("instance of torch.Size"));
  EXPECT_THAT(refusal("K\x01)R."), HasSubstr("a name to call"));
  EXPECT_THAT(refusal("ctorch._utils\n_rebuild_tensor_v2\n)R."), HasSubstr("_rebuild_tensor_v2"));
  EXPECT_THAT(refusal("ctorch\nSize\n)R."), HasSubstr("of nothing"));
}

TEST(Pickle, RefusesAStackThatDoesNotFit) {
  EXPECT_THAT(refusal("."), HasSubstr("empty stack"));
  EXPECT_THAT(refusal("]a."), HasSubstr("empty stack"));
  EXPECT_THAT(refusal("K\x01(\x85."), HasSubstr("empty stack"));
  EXPECT_THAT(refusal("u."), HasSubstr("without their beginning"));
  EXPECT_THAT(refusal("}(K\x01u."), HasSubstr("without a value"));
  EXPECT_THAT(refusal("K\x01K\x02"
                      "a."),
              HasSubstr("a list"));
  EXPECT_THAT(refusal(bytes("h\x00.")), HasSubstr("never put"));
  EXPECT_THAT(refusal("K\x01Nb."), HasSubstr("takes a state"));
  EXPECT_THAT(refusal(")Q."), HasSubstr("not a storage"));
}

TEST(Pickle, RefusesWhatIsTooLargeOrTooNew) {
  EXPECT_THAT(refusal("\x80\x06N."), HasSubstr("newer than 5"));
  EXPECT_THAT(refusal("\x8a\x09"
                      "123456789."),
              HasSubstr("more than 64 bits"));
  EXPECT_THAT(refusal(std::string(5 << 20, 'N')), HasSubstr("graft reads up to"));
  EXPECT_THAT(refusal("c" + std::string(1000, 'x') + "\n\n."), HasSubstr("name without an end"));
}

TEST(Pickle, RefusesEveryTruncation) {
  const std::string whole = bytes("\x80\x02}(X\x01\x00\x00\x00wccollections\nOrderedDict\n)RU\x01vM\x01\x02u.");
  EXPECT_EQ(refusal(whole), "");
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_NE(refusal(whole.substr(0, size)), "") << size;
}

}  // namespace
}  // namespace graft::pickle
