// Any bytes: an error, or what encodes to them again.
#include <openssl/evp.h>

#include <cstdlib>
#include <span>
#include <vector>

#include "base/error.h"
#include "http/base64.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = graft::as_text(std::as_bytes(std::span(data, size)));
  try {
    const graft::Bytes bytes = graft::decode_base64(text);
    std::vector<unsigned char> again(bytes.size() * 2 + 8);
    const int length = EVP_EncodeBlock(again.data(), reinterpret_cast<const unsigned char*>(bytes.data()),
                                       static_cast<int>(bytes.size()));
    if (std::string_view(reinterpret_cast<char*>(again.data()), static_cast<std::size_t>(length)) != text) std::abort();
  } catch (const graft::Error&) {
  }
  return 0;
}
