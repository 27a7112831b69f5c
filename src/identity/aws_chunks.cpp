// SIZE[;chunk-signature=HEX]\r\n DATA \r\n .. 0[;chunk-signature=HEX]\r\n [name:value\r\n ..] \r\n
//
// A chunk's signature is of "AWS4-HMAC-SHA256-PAYLOAD", the time, the scope, the signature before it, the digest of
// nothing and the digest of the chunk, one to a line; the trailers' is of "AWS4-HMAC-SHA256-TRAILER", the time, the
// scope, the signature before it and the digest of their lines.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html, sigv4-streaming-trailers.html
#include "identity/aws_chunks.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "base/words.h"
#include "http/url.h"
#include "identity/secret.h"

namespace graft {
namespace {

constexpr std::size_t kMostLine = 1024;      // of a chunk's head, of a trailer
constexpr std::size_t kMostTrailers = 4096;  // of all of them
constexpr std::size_t kMostDigits = 16;      // of a chunk's size
constexpr std::string_view kSignature = "chunk-signature=";
constexpr std::string_view kTrailerSignature = "x-amz-trailer-signature";

template <typename... Parts>
void check(bool ok, const Parts&... parts) {
  if (!ok) throw Error(Kind::invalid, "InvalidRequest", text("the chunks of the body: ", parts...));
}

std::uint64_t parse_size(std::string_view digits) {
  check(!digits.empty() && digits.size() <= kMostDigits, "a size must be hexadecimal digits");
  std::uint64_t size = 0;
  for (const char c : digits) {
    const int digit = hex_digit(c);
    check(digit >= 0, "a size must be hexadecimal digits");
    size = size * 16 + static_cast<std::uint64_t>(digit);
  }
  return size;
}

}  // namespace

AwsChunks::AwsChunks(std::optional<ChunkSigning> signing, std::uint64_t length, bool trailers)
    : signing_(std::move(signing)), length_(length), wants_trailers_(trailers) {}

AwsChunks::Step AwsChunks::take(ByteView bytes, std::span<std::byte> room) {
  Step step;
  while (step.taken < bytes.size()) {
    if (part_ == Part::data) {
      if (step.given == room.size()) return step;
      take_data(bytes, room, step);
    } else {
      take_line(static_cast<char>(bytes[step.taken++]));
    }
  }
  return step;
}

void AwsChunks::take_data(ByteView bytes, std::span<std::byte> room, Step& step) {
  const std::size_t size =
      static_cast<std::size_t>(std::min<std::uint64_t>({left_, bytes.size() - step.taken, room.size() - step.given}));
  const ByteView data = bytes.subspan(step.taken, size);
  std::memcpy(room.data() + step.given, data.data(), size);
  if (digest_) digest_->update(data);
  step.taken += size;
  step.given += size;
  given_ += size;
  left_ -= size;
  if (left_ == 0) part_ = Part::data_end;
}

void AwsChunks::take_line(char c) {
  check(part_ != Part::done, "something comes behind the last one");
  if (part_ == Part::trailer)
    check(++trailer_bytes_ <= kMostTrailers, "the trailers are longer than ", kMostTrailers, " bytes");
  if (c != '\n') {
    check(line_.size() < kMostLine, "a line is longer than ", kMostLine, " bytes");
    line_ += c;
    return;
  }
  line_done();
  line_.clear();
}

void AwsChunks::line_done() {
  // AWS ends a trailer with a bare line feed where it describes what is signed, and some clients send it so.
  const bool carriage_return = line_.ends_with('\r');
  check(carriage_return || part_ == Part::trailer, "a line must end in CR LF");
  const std::string_view line = std::string_view(line_).substr(0, line_.size() - (carriage_return ? 1 : 0));
  if (part_ == Part::head) return head_done(line);
  if (part_ == Part::trailer) return trailer_done(line);
  check(line.empty(), "a chunk is longer than its size");
  chunk_done();
  part_ = Part::head;
}

void AwsChunks::head_done(std::string_view line) {
  const std::size_t end = std::min(line.find(';'), line.size());
  left_ = parse_size(line.substr(0, end));
  const std::string_view extension = line.substr(end);
  if (signing_) {
    check(extension.substr(0, 1) == ";" && extension.substr(1).starts_with(kSignature), "a chunk has no ", kSignature);
    signature_ = extension.substr(1 + kSignature.size());
    digest_.emplace();
  } else {
    check(extension.empty(), "they are signed, but X-Amz-Content-Sha256 says that they are not");
  }
  check(left_ <= length_ - given_, "there is more than X-Amz-Decoded-Content-Length says, which is ", length_,
        " bytes");
  if (left_ > 0) {
    part_ = Part::data;
    return;
  }
  check(given_ == length_, "there are ", given_, " bytes, but X-Amz-Decoded-Content-Length says ", length_);
  chunk_done();
  part_ = Part::trailer;
}

void AwsChunks::chunk_done() {
  if (!signing_) return;
  static const std::string kNothing = hex(sha256({}));
  check_signature("AWS4-HMAC-SHA256-PAYLOAD", kNothing + '\n' + hex(digest_->finish()));
  digest_.reset();
}

void AwsChunks::trailer_done(std::string_view line) {
  if (line.empty()) {
    // In signed trailers an empty line may stand before the signature.
    if (!signing_ || !wants_trailers_) part_ = Part::done;
    return;
  }
  check(wants_trailers_, "trailers come behind them, but X-Amz-Content-Sha256 says that none do");
  const std::size_t colon = line.find(':');
  check(colon != std::string_view::npos && colon > 0, "a trailer is no NAME:VALUE");
  const std::string_view name = line.substr(0, colon), value = trimmed(line.substr(colon + 1));
  if (!signing_ || name != kTrailerSignature) {
    trailers_.emplace_back(name, value);
    return;
  }
  std::string lines;
  for (const auto& [trailer, content] : trailers_) lines += trailer + ':' + content + '\n';
  signature_ = value;
  check_signature("AWS4-HMAC-SHA256-TRAILER", hex(sha256(as_bytes(lines))));
  signing_.reset();  // what is left is the empty line
  wants_trailers_ = false;
}

void AwsChunks::check_signature(std::string_view kind, std::string_view digests) {
  const std::string words = std::string(kind) + '\n' + signing_->time + '\n' + signing_->scope + '\n' +
                            signing_->previous + '\n' + std::string(digests);
  if (!same_secret(hex(hmac_sha256(signing_->key, words)), signature_)) {
    throw Error(Kind::denied, "SignatureDoesNotMatch", "a chunk of the body is not what was signed");
  }
  signing_->previous = signature_;
}

void AwsChunks::finish() const {
  if (part_ != Part::done) throw Error(Kind::invalid, "IncompleteBody", "the body ends before its last chunk does");
}

}  // namespace graft
