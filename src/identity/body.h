// A body as the client meant it: without AWS's chunks, and checked against what the client says or signed of it.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "http/exchange.h"
#include "identity/aws_chunks.h"

namespace graft {

// What a request says of its body in X-Amz-Content-Sha256.
struct Payload {
  enum class Form { unchecked, digest, chunks, signed_chunks };
  Form form = Form::unchecked;
  std::string digest{};      // hexadecimal, of Form::digest
  bool trailers = false;     // behind the chunks
  std::uint64_t length = 0;  // of chunks: without what is around them
};

// X-Amz-Content-Sha256 of the query or, where it has none, of the headers.
std::optional<std::string> payload_words(const Request& request);

// Throws Kind::invalid for a value that is none of AWS's. Without the header it is unchecked.
Payload read_payload(const Request& request);

class CheckedBody {
 public:
  // `signing`: of Form::signed_chunks.
  CheckedBody(Exchange& exchange, Payload payload, std::optional<ChunkSigning> signing);

  // As Exchange::read() and length(). A digest is compared as soon as the last byte is here, so that who asks for no
  // more than the length is told too.
  std::size_t read(std::span<std::byte> room);
  std::optional<std::uint64_t> length() const;
  const Headers& trailers() const;

 private:
  std::size_t read_digested(std::span<std::byte> room);
  std::size_t read_chunks(std::span<std::byte> room);
  void check_digest();

  Exchange& exchange_;
  Payload payload_;
  std::optional<Sha256> digest_{};
  std::uint64_t taken_ = 0;
  std::optional<AwsChunks> chunks_{};
  // Of the exchange, and not decoded yet.
  Bytes buffer_{};
  std::size_t begin_ = 0, end_ = 0;
  bool ended_ = false;
};

}  // namespace graft
