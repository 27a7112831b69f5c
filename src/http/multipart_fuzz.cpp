// Any bytes as a form: an error or parts that lie in the body in order and do not hold the boundary.
#include <cstdlib>
#include <span>

#include "base/error.h"
#include "http/multipart.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const graft::ByteView body = std::as_bytes(std::span(data, size));
  try {
    const auto type = graft::parse_media_type("multipart/form-data; boundary=b");
    const auto parts = graft::parse_multipart(body, *type, 5);
    if (parts.size() > 5) std::abort();
    const std::byte* end = body.data();
    for (const graft::Part& part : parts) {
      const std::byte* begin = part.bytes.data();
      if (begin < end || begin + part.bytes.size() > body.data() + size) std::abort();
      if (graft::as_text(part.bytes).find("\r\n--b\r\n") != std::string_view::npos) std::abort();
      end = begin + part.bytes.size();
    }
  } catch (const graft::Error&) {
  }
  return 0;
}
