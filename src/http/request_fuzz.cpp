// Any bytes, cut anywhere: no crash, and the same requests as when they come at once. The first byte says how they are
// cut.
#include <algorithm>
#include <cstdlib>
#include <span>

#include "base/error.h"
#include "http/request_reader.h"

namespace {

using graft::RequestReader;

// All that is seen of the requests in `bytes`, in pieces of `piece` bytes.
std::string requests(std::string_view bytes, std::size_t piece) {
  RequestReader reader(300, 2'000);
  std::string seen;
  while (!bytes.empty() && reader.stage() != RequestReader::Stage::refused) {
    const auto room = reader.room();
    if (room.empty()) std::abort();
    const std::size_t size = std::min({piece, bytes.size(), room.size()});
    std::copy_n(bytes.begin(), size, room.begin());
    bytes.remove_prefix(size);
    for (reader.filled(size); reader.stage() == RequestReader::Stage::whole; reader.next()) {
      const graft::Request request = reader.take();
      if (!request.path.starts_with('/') || request.body.size() > 2'000) std::abort();
      seen += request.method + " " + request.path;
      for (const auto& [name, value] : request.query) seen += "&" + name + "=" + value;
      for (const auto& [name, value] : request.headers) seen += "\n" + name + ": " + value;
      seen += reader.keep_alive() ? "\n+" : "\n-";
      seen += graft::as_text(request.body);
    }
  }
  seen += graft::text("stage ", static_cast<int>(reader.stage()));
  return seen + (reader.stage() == RequestReader::Stage::refused ? reader.refusal().body : "");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes = graft::as_text(std::as_bytes(std::span(data, size))).substr(1);
  if (requests(bytes, data[0] % 32 + 1) != requests(bytes, size)) std::abort();
  return 0;
}
