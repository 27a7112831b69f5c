// Any bytes, cut anywhere, as AWS's chunks: no crash, and the same body, trailers or refusal as when they come at once.
// The first byte says how they are cut, the second which of the forms they are in.
#include <algorithm>
#include <cstdlib>
#include <span>

#include "base/error.h"
#include "identity/aws_chunks.h"

namespace {

constexpr std::uint64_t kLength = 20;

// All that is seen of the chunks, in pieces of so many bytes into a room of so many.
std::string decode(std::string_view bytes, bool is_signed, bool trailers, std::size_t piece, std::size_t room) {
  std::optional<graft::ChunkSigning> signing;
  if (is_signed) signing = graft::ChunkSigning{.time = "t", .scope = "s", .previous = "p"};
  graft::AwsChunks chunks(signing, kLength, trailers);
  std::string seen;
  try {
    while (!bytes.empty()) {
      graft::Bytes space(room);
      const auto step = chunks.take(graft::as_bytes(bytes.substr(0, piece)), space);
      if (step.taken == 0 && step.given == 0) std::abort();
      seen += graft::as_text(graft::ByteView(space).first(step.given));
      bytes.remove_prefix(step.taken);
    }
    chunks.finish();
    if (seen.size() != kLength) std::abort();
  } catch (const graft::Error& error) {
    seen = error.code() + error.what();
  }
  for (const auto& [name, value] : chunks.trailers()) seen += "\n" + name + ": " + value;
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes = graft::as_text(std::as_bytes(std::span(data, size))).substr(2);
  const bool is_signed = data[1] & 1, trailers = data[1] & 2;
  const std::size_t piece = data[0] % 16 + 1, room = data[0] / 16 + 1;
  if (decode(bytes, is_signed, trailers, piece, room) != decode(bytes, is_signed, trailers, size, 100)) std::abort();
  return 0;
}
