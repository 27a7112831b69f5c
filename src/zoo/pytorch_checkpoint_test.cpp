// The files are written by PyTorch: tools/record_checkpoint_golden.py.
#include "zoo/pytorch_checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/error.h"
#include "base/file.h"

namespace graft {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

Bytes file(const std::string& name) {
  return read_file(std::filesystem::path(GRAFT_TESTDATA) / name);
}

Weights parse(const std::string& name) {
  return parse_pytorch(file(name), name);
}

std::string refusal(const std::string& name) {
  try {
    parse(name);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(PyTorchCheckpoint, ReadsEveryTypeOfElement) {
  const Weights weights = parse("protocol2.pth");
  for (const char* name : {"f64", "f16", "bf16"}) EXPECT_THAT(to_floats(weights.at(name)), ElementsAre(0.5, -2));
  EXPECT_EQ(weights.at("bf16").type, DType::bf16);
  EXPECT_EQ(load<std::int64_t>(weights.at("i64").bytes, 0), 7);
  EXPECT_TRUE(weights.at("i64").shape.empty());
  EXPECT_EQ(weights.at("u8").bytes[1], std::byte{255});
  EXPECT_EQ(weights.at("boolean").type, DType::boolean);
  EXPECT_THAT(weights.at("empty").shape, ElementsAre(0, 3));
  EXPECT_THAT(floats(weights.at("parameter")), ElementsAre(3));
}

TEST(PyTorchCheckpoint, ReadsViewsThatShareAStorage) {
  const Weights weights = parse("protocol2.pth");
  EXPECT_THAT(weights.at("transposed").shape, ElementsAre(4, 3));
  EXPECT_THAT(floats(weights.at("transposed")), ElementsAre(0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11));
  EXPECT_THAT(floats(weights.at("part")), ElementsAre(4, 5, 6, 7));
  EXPECT_THAT(floats(weights.at("every_other")), ElementsAre(1, 3, 5, 7, 9, 11));
  EXPECT_EQ(weights.at("whole").owner, weights.at("part").owner);
}

TEST(PyTorchCheckpoint, ReadsEveryProtocol) {
  for (const char* name : {"protocol3.pth", "protocol4.pth", "protocol5.pth"}) {
    EXPECT_THAT(floats(parse(name).at("w")), ElementsAre(1, 1)) << name;
  }
}

TEST(PyTorchCheckpoint, FindsTheStateDictOfATrainingCheckpoint) {
  const Weights weights = parse("nested.pth");
  EXPECT_THAT(weights.at("conv.weight").shape, ElementsAre(2, 1, 1, 1));
  EXPECT_THAT(floats(weights.at("conv.bias")), ElementsAre(10, 11));
  EXPECT_EQ(weights.size(), 7u);
}

TEST(PyTorchCheckpoint, ReadsTheParametersOfATorchScriptArchive) {
  const Weights script = parse("script.pt"), nested = parse("nested.pth");
  EXPECT_EQ(script.size(), nested.size());
  for (const auto& [name, tensor] : nested) {
    ASSERT_TRUE(script.contains(name)) << name;
    EXPECT_EQ(as_text(script.at(name).bytes), as_text(tensor.bytes)) << name;
  }
}

TEST(PyTorchCheckpoint, RefusesAFileThatWouldRunCode) {
  EXPECT_THAT(refusal("malicious.pth"), AllOf(HasSubstr("system"), HasSubstr("must not be able to run code")));
}

TEST(PyTorchCheckpoint, SaysHowToConvertTheFormatBefore) {
  EXPECT_TRUE(is_pytorch(file("legacy.pth")));
  EXPECT_THAT(refusal("legacy.pth"), HasSubstr("before 1.6"));
}

TEST(PyTorchCheckpoint, RefusesViewsOutsideTheirStorage) {
  for (const char* name : {"beyond", "overflow", "expanded"}) {
    EXPECT_THAT(refusal(text("bad_", name, ".pth")), HasSubstr("w: the tensor reaches beyond its storage")) << name;
  }
  EXPECT_THAT(refusal("bad_huge.pth"), HasSubstr("no tensor has the shape"));
  EXPECT_THAT(refusal("bad_negative.pth"), HasSubstr("offset"));
  EXPECT_THAT(refusal("bad_ranks.pth"), HasSubstr("do not belong together"));
}

TEST(PyTorchCheckpoint, RefusesStoragesThatAreMissingOrOfAnotherSize) {
  EXPECT_THAT(refusal("bad_no_storage.pth"), HasSubstr("its storage 0 is not in the archive"));
  EXPECT_THAT(refusal("bad_missized.pth"), HasSubstr("has 16 bytes, not 5 elements of F32"));
}

TEST(PyTorchCheckpoint, RefusesArchivesThatAreNoCheckpoint) {
  EXPECT_THAT(refusal("bad_big_endian.pth"), HasSubstr("big-endian"));
  EXPECT_THAT(refusal("bad_no_tensors.pth"), HasSubstr("no state dict"));
  EXPECT_THAT(refusal("bad_not_pytorch.zip"), HasSubstr("no data.pkl"));
  EXPECT_THAT(refusal("bad_compressed.pth"), HasSubstr("compressed"));
}

TEST(PyTorchCheckpoint, RefusesEveryTruncationAndEveryChangedElement) {
  const Bytes whole = file("bad_no_storage.pth");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THROW(parse_pytorch(ByteView(whole).first(size), "cut"), Error) << size;
  }
  Bytes changed = file("protocol4.pth");
  const auto one = as_text(changed).find(std::string_view("\x00\x00\x80\x3f\x00\x00\x80\x3f", 8));
  ASSERT_NE(one, std::string_view::npos);
  changed[one] = std::byte{1};
  EXPECT_THROW(parse_pytorch(changed, "changed"), Error);
}

}  // namespace
}  // namespace graft
