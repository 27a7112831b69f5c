#include "aws/body.h"

#include <zlib.h>

#include "base/error.h"

namespace graft::aws {
namespace {

constexpr std::size_t kMostUnpacked = 8 << 20, kPiece = 64 << 10;
constexpr int kGzipOnly = 15 + 16;  // the largest window, and the header of gzip

[[noreturn]] void refuse(const std::string& sentence) {
  throw Error(Kind::invalid, "SerializationException", sentence);
}

struct Inflater {
  z_stream stream{};
  Inflater() {
    if (inflateInit2(&stream, kGzipOnly) != Z_OK) fail(Kind::unavailable, "zlib does not start");
  }
  ~Inflater() { inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
};

Bytes unpacked(const Bytes& body) {
  Inflater inflater;
  z_stream& stream = inflater.stream;
  // zlib does not write to its input.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  Bytes out;
  int result = Z_OK;
  while (result == Z_OK) {
    if (out.size() >= kMostUnpacked) {
      refuse(text("the request's body has more than ", kMostUnpacked, " bytes when it is unpacked"));
    }
    const std::size_t size = out.size();
    out.resize(size + kPiece);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + size);
    stream.avail_out = static_cast<uInt>(kPiece);
    result = inflate(&stream, Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
  }
  if (result != Z_STREAM_END) refuse("the request's body is not gzip, as its Content-Encoding says");
  return out;
}

}  // namespace

Bytes plain_body(const Request& request) {
  const std::string_view encoding = find_header(request.headers, "content-encoding").value_or("");
  if (encoding == "gzip") return unpacked(request.body);
  if (!encoding.empty() && encoding != "identity") {
    refuse(text("the request's body has the Content-Encoding ", encoding.substr(0, 100), "; gzip is the only one"));
  }
  return request.body;
}

}  // namespace graft::aws
