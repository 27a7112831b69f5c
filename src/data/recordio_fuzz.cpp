// A RecordIO file is indexed or refused. What is indexed can be read, and every picture has the size that was said.
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "data/recordio.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace graft;
  const ByteView content = std::as_bytes(std::span(data, size));
  try {
    const RecordIndex index = index_records(content, "fuzz");
    if (index.places.size() != index.listing.files.size()) std::abort();
    for (std::size_t i = 0; i < index.places.size(); ++i) {
      const auto label = static_cast<std::size_t>(index.listing.files.label(i));
      if (label >= index.listing.labels.size()) std::abort();
      if (read_record(content, index.places[i]).size() != index.places[i].size) std::abort();
    }
  } catch (const Error&) {
  }
  return 0;
}
