#include "aws/body.h"

#include <zlib.h>

#include <climits>

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

}  // namespace

Bytes gunzip(ByteView packed, std::size_t most) {
  Inflater inflater;
  z_stream& stream = inflater.stream;
  // zlib does not write to its input.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(packed.data()));
  require(packed.size() <= UINT_MAX, "gzip of more than ", UINT_MAX, " bytes");
  stream.avail_in = static_cast<uInt>(packed.size());
  Bytes out;
  for (int result = Z_OK; result == Z_OK || stream.avail_in > 0;) {
    // Several may lie behind each other, and are one content.
    require(result != Z_STREAM_END || inflateReset(&stream) == Z_OK, "zlib does not begin anew");
    require(out.size() < most, "more than ", most, " bytes when it is unpacked");
    const std::size_t size = out.size();
    out.resize(size + kPiece);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + size);
    stream.avail_out = static_cast<uInt>(kPiece);
    result = inflate(&stream, Z_NO_FLUSH);
    require(result == Z_OK || result == Z_STREAM_END, "no gzip, or not all of it");
    out.resize(out.size() - stream.avail_out);
  }
  return out;
}

Bytes plain_body(const Request& request) {
  const std::string_view encoding = find_header(request.headers, "content-encoding").value_or("");
  if (encoding == "gzip") {
    try {
      return gunzip(request.body, kMostUnpacked);
    } catch (const Error& error) {
      refuse(text("the request's body, whose Content-Encoding is gzip: ", error.what()));
    }
  }
  if (!encoding.empty() && encoding != "identity") {
    refuse(text("the request's body has the Content-Encoding ", encoding.substr(0, 100), "; gzip is the only one"));
  }
  return request.body;
}

}  // namespace graft::aws
