// AWS's own chunks inside of a body, decoded as they come, wherever they are cut: each with a signature that also
// covers the one before it, or without; with headers behind them, or without.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/digest.h"
#include "http/message.h"

namespace graft {

// What the signatures of chunks are made of besides the chunks.
struct ChunkSigning {
  Digest key{};            // the request's signing key
  std::string time{};      // "20130524T000000Z"
  std::string scope{};     // "20130524/us-east-1/s3/aws4_request"
  std::string previous{};  // at first, the request's own signature
};

class AwsChunks {
 public:
  // `length`: of the decoded body, as the client says it. `trailers`: whether headers come behind the last chunk.
  AwsChunks(std::optional<ChunkSigning> signing, std::uint64_t length, bool trailers);

  // Decodes what `bytes` hold into `room`, until one of them is used up. Throws Kind::denied ("SignatureDoesNotMatch")
  // at the end of a chunk that is not what was signed, Kind::invalid for what are no such chunks.
  struct Step {
    std::size_t taken = 0, given = 0;
  };
  Step take(ByteView bytes, std::span<std::byte> room);

  // Throws unless the last chunk and the trailers were whole.
  void finish() const;
  const Headers& trailers() const { return trailers_; }

 private:
  enum class Part { head, data, data_end, trailer, done };
  void take_data(ByteView bytes, std::span<std::byte> room, Step& step);
  void take_line(char c);
  void line_done();
  void head_done(std::string_view line);
  void chunk_done();
  void trailer_done(std::string_view line);
  void check_signature(std::string_view kind, std::string_view digests);

  std::optional<ChunkSigning> signing_;
  std::uint64_t length_, given_ = 0;
  bool wants_trailers_;
  Part part_ = Part::head;
  std::uint64_t left_ = 0;  // of this chunk
  std::string line_{};
  std::size_t trailer_bytes_ = 0;
  std::string signature_{};  // of this chunk
  std::optional<Sha256> digest_{};
  Headers trailers_{};
};

}  // namespace graft
