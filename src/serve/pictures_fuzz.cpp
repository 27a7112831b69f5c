// The first byte chooses the body's type; whatever a body is, it is pictures within the limits or an Error.
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "serve/pictures.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static constexpr const char* kTypes[] = {
      "application/json", "application/jsonlines", "multipart/form-data; boundary=b", "text/plain", "image/jpeg", ""};
  if (size == 0) return 0;
  const graft::ByteView body(reinterpret_cast<const std::byte*>(data + 1), size - 1);
  try {
    const graft::Pictures found = graft::pictures_of(kTypes[data[0] % std::size(kTypes)], body);
    if (found.pictures.empty() || found.pictures.size() > graft::kMostPictures) std::abort();
    for (const graft::Picture& picture : found.pictures) {
      const bool inside = picture.bytes.empty() || !picture.owned.empty() ||
                          (picture.bytes.data() >= body.data() &&
                           picture.bytes.data() + picture.bytes.size() <= body.data() + body.size());
      if (!inside || (!picture.url.empty() && !picture.bytes.empty())) std::abort();
    }
  } catch (const graft::Error&) {
  }
  return 0;
}
