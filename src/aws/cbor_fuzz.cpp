// Any bytes as CBOR: an error, or a value that is read the same when it is written again.
#include <cstdlib>
#include <span>

#include "aws/cbor.h"
#include "base/error.h"
#include "base/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace graft;
  try {
    const std::string written = aws::to_cbor(aws::parse_cbor(std::as_bytes(std::span(data, size))));
    // Compared as bytes: a number that is none (NaN) does not equal itself.
    if (aws::to_cbor(aws::parse_cbor(as_bytes(written))) != written) std::abort();
  } catch (const Error&) {
  }
  return 0;
}
