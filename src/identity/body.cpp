#include "identity/body.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"

namespace graft {
namespace {

constexpr std::size_t kBuffer = 64 << 10;

Payload chunks(const Request& request, bool is_signed, bool trailers) {
  Payload payload{.form = is_signed ? Payload::Form::signed_chunks : Payload::Form::chunks, .trailers = trailers};
  const std::string_view words = find_header(request.headers, "x-amz-decoded-content-length").value_or("");
  const auto [end, error] = std::from_chars(words.data(), words.data() + words.size(), payload.length);
  if (words.empty() || error != std::errc() || end != words.data() + words.size()) {
    throw Error(Kind::invalid, "MissingContentLength",
                "a body in chunks needs the header X-Amz-Decoded-Content-Length with a number of bytes");
  }
  return payload;
}

}  // namespace

std::optional<std::string> payload_words(const Request& request) {
  const auto query = request.query.find("X-Amz-Content-Sha256");
  if (query != request.query.end()) return query->second;
  const auto header = find_header(request.headers, "x-amz-content-sha256");
  return header ? std::optional<std::string>(*header) : std::nullopt;
}

Payload read_payload(const Request& request) {
  const auto words = payload_words(request);
  if (!words || *words == "UNSIGNED-PAYLOAD") return {};
  if (*words == "STREAMING-UNSIGNED-PAYLOAD-TRAILER") return chunks(request, false, true);
  if (*words == "STREAMING-AWS4-HMAC-SHA256-PAYLOAD") return chunks(request, true, false);
  if (*words == "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER") return chunks(request, true, true);
  const bool digest = words->size() == 64 && std::ranges::all_of(*words, [](char c) {
                        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                      });
  if (!digest) {
    throw Error(Kind::invalid, "InvalidArgument",
                text("X-Amz-Content-Sha256 is \"", words->substr(0, 80),
                     "\"; it must be a SHA-256 in lower case, UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER or "
                     "STREAMING-AWS4-HMAC-SHA256-PAYLOAD[-TRAILER]"));
  }
  return {.form = Payload::Form::digest, .digest = *words};
}

CheckedBody::CheckedBody(Exchange& exchange, Payload payload, std::optional<ChunkSigning> signing)
    : exchange_(exchange), payload_(std::move(payload)) {
  switch (payload_.form) {
    case Payload::Form::unchecked:
      break;
    case Payload::Form::digest:
      digest_.emplace();
      break;
    case Payload::Form::chunks:
    case Payload::Form::signed_chunks:
      chunks_.emplace(std::move(signing), payload_.length, payload_.trailers);
      buffer_.resize(kBuffer);
  }
}

std::optional<std::uint64_t> CheckedBody::length() const {
  return chunks_ ? std::optional(payload_.length) : exchange_.length();
}

const Headers& CheckedBody::trailers() const {
  static const Headers kNone;
  return chunks_ ? chunks_->trailers() : kNone;
}

std::size_t CheckedBody::read(std::span<std::byte> room) {
  if (ended_ || room.empty()) return 0;
  if (chunks_) return read_chunks(room);
  return digest_ ? read_digested(room) : exchange_.read(room);
}

std::size_t CheckedBody::read_digested(std::span<std::byte> room) {
  const std::size_t size = exchange_.read(room);
  digest_->update(room.first(size));
  taken_ += size;
  // Where the length is known, the digest is compared with the last byte.
  if (size == 0 || taken_ == exchange_.length()) check_digest();
  return size;
}

void CheckedBody::check_digest() {
  ended_ = true;
  if (hex(digest_->finish()) == payload_.digest) return;
  throw Error(Kind::invalid, "XAmzContentSHA256Mismatch", "the body is not the one whose SHA-256 was signed");
}

std::size_t CheckedBody::read_chunks(std::span<std::byte> room) {
  std::size_t given = 0;
  for (;;) {
    const AwsChunks::Step step = chunks_->take(ByteView(buffer_).subspan(begin_, end_ - begin_), room.subspan(given));
    begin_ += step.taken;
    given += step.given;
    taken_ += step.given;
    // What follows the last byte (its signature, the trailers) is checked before that byte is given away.
    if (given > 0 && taken_ < payload_.length) return given;
    begin_ = 0;
    end_ = exchange_.read(buffer_);
    if (end_ > 0) continue;
    ended_ = true;
    chunks_->finish();
    return given;
  }
}

}  // namespace graft
