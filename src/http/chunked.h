// A body in chunks (RFC 9112 7.1), decoded as it comes, wherever it is cut.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace graft {

// Extensions are skipped and trailers dropped. Lines end in CRLF only, and neither they nor the trailers may be long:
// what two readers could understand differently is refused.
class ChunkedDecoder {
 public:
  enum class State { more, done, bad, too_large };

  // `most` bytes of body at most.
  explicit ChunkedDecoder(std::size_t most) : most_(most) {}

  // Appends to `body` what `bytes` hold of it, up to its end. Returns how many bytes it took.
  std::size_t take(std::string_view bytes, Bytes& body);
  State state() const { return state_; }

 private:
  enum class Part { size, extension, size_end, data, data_end, data_line_feed, trailer, trailer_end };
  void step(char c);
  void size_done(char c);

  std::size_t most_;
  State state_ = State::more;
  Part part_ = Part::size;
  std::uint64_t left_ = 0;  // of this chunk
  std::size_t digits_ = 0;
  std::size_t overhead_ = 0;  // of this line, or of all trailers
  std::size_t line_ = 0;      // length of this trailer
  bool last_ = false;
};

}  // namespace graft
