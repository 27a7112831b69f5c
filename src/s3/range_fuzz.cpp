// Any bytes as the header Range: what comes out lies within the content.
#include <cstdlib>
#include <span>

#include "base/bytes.h"
#include "base/error.h"
#include "s3/range.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view header = graft::as_text(std::as_bytes(std::span(data, size)));
  for (const std::uint64_t length : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1000}, ~std::uint64_t{0}}) {
    try {
      const auto range = graft::s3::parse_range(header, length);
      if (range && (range->length == 0 || range->first >= length || range->length > length - range->first))
        std::abort();
    } catch (const graft::Error&) {
    }
  }
  return 0;
}
