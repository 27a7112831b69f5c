#include "aws/body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "base/error.h"

namespace graft::aws {
namespace {

Request request(std::string_view encoding, std::string_view body) {
  Request request{.method = "POST", .path = "/"};
  if (!encoding.empty()) request.headers = {{"Content-Encoding", std::string(encoding)}};
  const ByteView bytes = as_bytes(body);
  request.body.assign(bytes.begin(), bytes.end());
  return request;
}

std::string packed(std::string text) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(text.size() + 100, ' ');
  stream.next_in = reinterpret_cast<Bytef*>(text.data());
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string read(const Request& request) {
  return std::string(as_text(plain_body(request)));
}

TEST(PlainBody, IsUnpackedWhereItIsGzip) {
  EXPECT_EQ(read(request("", "{}")), "{}");
  EXPECT_EQ(read(request("gzip", packed("{}"))), "{}");
  const std::string large(1 << 20, 'x');
  EXPECT_EQ(read(request("gzip", packed(large))), large);
}

TEST(Gunzip, TakesSeveralBehindEachOther) {
  const std::string both = packed("a") + packed("bc");
  EXPECT_EQ(as_text(gunzip(as_bytes(both), 100)), "abc");
  EXPECT_THROW(gunzip(as_bytes(both + "x"), 100), Error);
  EXPECT_THROW(gunzip(as_bytes(packed(std::string(1 << 20, 'x'))), 100), Error);
}

TEST(PlainBody, HasALimit) {
  EXPECT_THROW(plain_body(request("gzip", packed(std::string(20 << 20, ' ')))), Error);
}

TEST(PlainBody, RefusesWhatItCannotRead) {
  EXPECT_THROW(plain_body(request("gzip", "{}")), Error);
  EXPECT_THROW(plain_body(request("gzip", "")), Error);
  const std::string half = packed("{}").substr(0, 10);
  EXPECT_THROW(plain_body(request("gzip", half)), Error);
  EXPECT_THROW(plain_body(request("br", "{}")), Error);
}

}  // namespace
}  // namespace graft::aws
