#include "http/request_reader.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "http/header_block.h"

namespace graft {
namespace {

constexpr std::size_t kBodyBuffer = 64 << 10;
// Memory is not taken on a client's word for how much it will send.
constexpr std::size_t kReserved = 1 << 20;

}  // namespace

RequestReader::RequestReader(std::size_t most_header_bytes, std::size_t most_body_bytes)
    : most_header_bytes_(most_header_bytes), most_body_bytes_(most_body_bytes) {}

std::span<char> RequestReader::room() {
  if (stage_ == Stage::refused || begin_ == end_) begin_ = end_ = 0;
  const std::size_t wanted = std::max(buffer_.size(), stage_ == Stage::body ? kBodyBuffer : most_header_bytes_ + 2);
  if (buffer_.size() < wanted) buffer_.resize(wanted);
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  return std::span(buffer_).subspan(end_);
}

void RequestReader::filled(std::size_t bytes) {
  end_ += bytes;
  advance();
}

Request RequestReader::take_head() {
  Bytes body = take_body();
  Request head = std::exchange(request_, {});
  request_.body = std::move(body);
  return head;
}

std::optional<std::uint64_t> RequestReader::body_length() const {
  return chunked_ ? std::nullopt : std::optional<std::uint64_t>(length_);
}

std::optional<std::uint64_t> RequestReader::body_left() const {
  return chunked_ ? std::nullopt : std::optional<std::uint64_t>(left_);
}

void RequestReader::skip_body(std::uint64_t bytes) {
  left_ -= bytes;
  if (left_ == 0) stage_ = Stage::whole;
}

void RequestReader::next() {
  request_ = {};
  stage_ = Stage::idle;
  scanned_ = 0;
  advance();
}

void RequestReader::refuse(int status, std::string_view sentence) {
  refusal_ = error_response(status, sentence);
  stage_ = Stage::refused;
}

void RequestReader::advance() {
  if (stage_ == Stage::idle) {
    // An empty line before a request: some clients send one after a body.
    while (end_ - begin_ >= 2 && buffer_[begin_] == '\r' && buffer_[begin_ + 1] == '\n') begin_ += 2;
    if (begin_ < end_ && (end_ - begin_ > 1 || buffer_[begin_] != '\r')) stage_ = Stage::headers;
  }
  if (stage_ == Stage::headers && scan_header()) {
    const std::size_t length = scanned_;
    parse_header({buffer_.data() + begin_, length});
    begin_ += length;
  }
  if (stage_ == Stage::body) read_body();
}

// Looks for the empty line that ends the header and, byte by byte, for what must not be in it, so that what is no HTTP
// is answered at once. Whether the header is here.
bool RequestReader::scan_header() {
  const std::string_view bytes(buffer_.data() + begin_, end_ - begin_);
  for (; scanned_ < std::min(bytes.size(), most_header_bytes_); ++scanned_) {
    const auto c = static_cast<unsigned char>(bytes[scanned_]);
    const char before = scanned_ > 0 ? bytes[scanned_ - 1] : '\0';
    const bool starts_line = scanned_ == 0 || before == '\n';
    const bool control = (c < 0x20 && c != '\t' && c != '\r' && c != '\n') || c == 0x7f;
    if (control || (c == '\n') != (before == '\r') || (starts_line && (c == ' ' || c == '\t'))) {
      refuse(400, "the request is not HTTP: a control character, a folded line, or a line that does not end in CRLF");
      return false;
    }
    if (c == '\n' && scanned_ >= 3 && bytes.substr(scanned_ - 3, 4) == "\r\n\r\n") {
      ++scanned_;
      return true;
    }
  }
  if (bytes.size() > most_header_bytes_) {
    refuse(431, text("the request's headers are larger than ", most_header_bytes_, " bytes"));
  }
  return false;
}

void RequestReader::parse_header(std::string_view block) {
  HeaderBlock header = parse_header_block(block);
  if (header.status != 0) return refuse(header.status, header.problem);
  if (header.content_length > most_body_bytes_) {
    return refuse(413, text("a body may have ", most_body_bytes_, " bytes, and this one has more"));
  }
  keep_alive_ = header.keep_alive;
  expects_continue_ = header.expects_continue;
  request_ = std::move(header.request);
  begin_body(header.chunked, static_cast<std::size_t>(header.content_length));
}

void RequestReader::begin_body(bool chunked, std::size_t length) {
  chunked_ = chunked;
  length_ = left_ = length;
  if (chunked) decoder_ = ChunkedDecoder(most_body_bytes_);
  // A body that may have any length is taken in pieces.
  if (most_body_bytes_ != SIZE_MAX) request_.body.reserve(std::min(length, kReserved));
  stage_ = chunked || length > 0 ? Stage::body : Stage::whole;
}

void RequestReader::read_body() {
  const std::string_view bytes(buffer_.data() + begin_, end_ - begin_);
  // A client that sends its body does not wait.
  if (!bytes.empty()) expects_continue_ = false;
  if (!chunked_) {
    const auto piece = as_bytes(bytes.substr(0, left_));
    request_.body.insert(request_.body.end(), piece.begin(), piece.end());
    begin_ += piece.size();
    left_ -= piece.size();
    if (left_ == 0) stage_ = Stage::whole;
    return;
  }
  begin_ += decoder_.take(bytes, request_.body);
  switch (decoder_.state()) {
    case ChunkedDecoder::State::more:
      return;
    case ChunkedDecoder::State::done:
      stage_ = Stage::whole;
      return;
    case ChunkedDecoder::State::bad:
      return refuse(400, "the chunks of the body are not framed as HTTP asks");
    case ChunkedDecoder::State::too_large:
      return refuse(413, text("a body may have ", most_body_bytes_, " bytes, and this one has more"));
  }
}

}  // namespace graft
