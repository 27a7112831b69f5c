#include "http/response_reader.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/words.h"

namespace graft {
namespace {

[[noreturn]] void bad(std::string_view what) {
  throw Error(Kind::unavailable, "BadAnswer", text("the server's answer cannot be understood: ", what));
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

std::uint64_t parse_length(std::string_view value) {
  std::uint64_t length = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
  if (error != std::errc() || end != value.data() + value.size()) bad("its Content-Length is no length");
  return length;
}

// Whether a list such as "keep-alive, Upgrade" names it.
bool names(std::string_view list, std::string_view wanted) {
  while (!list.empty()) {
    const std::string_view item = list.substr(0, list.find(','));
    if (same_name(trimmed(item), wanted)) return true;
    list.remove_prefix(std::min(list.size(), item.size() + 1));
  }
  return false;
}

}  // namespace

void ResponseReader::take(std::string_view bytes) {
  if (!bytes.empty()) begun_ = true;
  while (!bytes.empty() && part_ != Part::whole) {
    bytes.remove_prefix(part_ == Part::head ? take_head(bytes) : take_body(bytes));
  }
  surplus_ = surplus_ || !bytes.empty();
}

void ResponseReader::end() {
  if (part_ == Part::whole) return;
  if (part_ != Part::rest) {
    throw Error(Kind::unavailable, "Broken", "the server ended the connection in the middle of its answer");
  }
  part_ = Part::whole;
}

ClientAnswer ResponseReader::answer() {
  if (chunked_) answer_.body = as_text(chunks_);
  return std::move(answer_);
}

std::size_t ResponseReader::take_head(std::string_view bytes) {
  // The empty line may be cut.
  const std::size_t before = head_.size();
  head_.append(bytes.substr(0, most_header_bytes_ + 1 - std::min(before, most_header_bytes_)));
  const std::size_t end = head_.find("\r\n\r\n", before - std::min<std::size_t>(before, 3));
  if (end == std::string::npos) {
    if (head_.size() > most_header_bytes_) bad(text("its headers are larger than ", most_header_bytes_, " bytes"));
    return head_.size() - before;
  }
  head_.resize(end + 2);
  const std::size_t taken = end + 4 - before;
  parse_head();
  return taken;
}

void ResponseReader::parse_head() {
  std::string_view head = head_;
  answer_ = {};
  chunked_ = has_length_ = false;
  const std::string_view line = head.substr(0, head.find("\r\n"));
  head.remove_prefix(line.size() + 2);
  const bool http = line.size() >= 12 && (line.starts_with("HTTP/1.1 ") || line.starts_with("HTTP/1.0 ")) &&
                    (line.size() == 12 || line[12] == ' ');
  if (!http) bad("it does not begin as HTTP/1.1 does");
  const std::string_view digits = line.substr(9, 3);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + 3, answer_.status);
  if (error != std::errc() || end != digits.data() + 3 || answer_.status < 100) bad("its status is no number");
  keep_alive_ = line[7] == '1';
  while (!head.empty()) {
    const std::string_view field = head.substr(0, head.find("\r\n"));
    head.remove_prefix(field.size() + 2);
    parse_field(field);
  }
  head_.clear();
  begin_body();
}

void ResponseReader::parse_field(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) bad("a header has no name");
  const std::string_view name = line.substr(0, colon), value = trimmed(line.substr(colon + 1));
  const auto is_control = [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; };
  if (std::any_of(value.begin(), value.end(), is_control)) bad("a header holds a control character");
  if (same_name(name, "Content-Length")) {
    const std::uint64_t length = parse_length(value);
    if (has_length_ && length != left_) bad("it has more than one Content-Length");
    has_length_ = true;
    left_ = length;
  } else if (same_name(name, "Transfer-Encoding")) {
    if (chunked_ || !same_name(value, "chunked")) bad("the only Transfer-Encoding that is understood is \"chunked\"");
    chunked_ = true;
  } else if (same_name(name, "Connection")) {
    if (names(value, "close")) keep_alive_ = false;
    if (names(value, "keep-alive")) keep_alive_ = true;
  }
  answer_.headers.emplace_back(name, value);
}

void ResponseReader::begin_body() {
  const int status = answer_.status;
  if (status == 101) bad("it changes the protocol, which nobody asked for");
  // Others of these are followed by the answer itself (RFC 9110 15.2).
  if (status < 200) return;
  if (chunked_ && has_length_) bad("it has both Content-Length and Transfer-Encoding");
  if (to_head_ || status == 204 || status == 304) {
    chunked_ = false;
    part_ = Part::whole;
  } else if (chunked_) {
    decoder_ = ChunkedDecoder(most_body_bytes_);
    part_ = Part::chunks;
  } else if (has_length_) {
    if (left_ > most_body_bytes_) bad(text("its body is larger than ", most_body_bytes_, " bytes"));
    part_ = left_ > 0 ? Part::length : Part::whole;
  } else {
    keep_alive_ = false;
    part_ = Part::rest;
  }
}

std::size_t ResponseReader::take_body(std::string_view bytes) {
  if (part_ == Part::chunks) {
    const std::size_t taken = decoder_.take(bytes, chunks_);
    if (decoder_.state() == ChunkedDecoder::State::bad) bad("its chunks are not framed as HTTP asks");
    if (decoder_.state() == ChunkedDecoder::State::too_large) {
      bad(text("its body is larger than ", most_body_bytes_, " bytes"));
    }
    if (decoder_.state() == ChunkedDecoder::State::done) part_ = Part::whole;
    return taken;
  }
  const std::string_view piece = bytes.substr(0, part_ == Part::length ? left_ : bytes.size());
  if (answer_.body.size() + piece.size() > most_body_bytes_) {
    bad(text("its body is larger than ", most_body_bytes_, " bytes"));
  }
  answer_.body += piece;
  if (part_ == Part::length && (left_ -= piece.size()) == 0) part_ = Part::whole;
  return piece.size();
}

}  // namespace graft
