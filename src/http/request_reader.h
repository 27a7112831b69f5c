// The bytes of a connection become requests (RFC 9112). Knows no sockets and no time.
//
// Stricter than it has to be wherever two readers of the same bytes could see different requests: lines end in CRLF,
// fields are not folded, a body's length is said once, and the only transfer coding is "chunked".
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/chunked.h"
#include "http/message.h"

namespace graft {

class RequestReader {
 public:
  RequestReader(std::size_t most_header_bytes, std::size_t most_body_bytes);

  // Where the connection's next bytes are to be put, at least one; and that so many were.
  std::span<char> room();
  void filled(std::size_t bytes);

  // idle: nothing of a request is here. refused: the rest of the connection cannot be understood, or is not wanted.
  enum class Stage { idle, headers, body, whole, refused };
  Stage stage() const { return stage_; }

  // In stage body: whether the client waits for "100 Continue" before it sends more.
  bool expects_continue() const { return stage_ == Stage::body && expects_continue_; }
  // The same of a request that has no body to wait with.
  bool expects_needless_continue() const { return expects_continue_ && !chunked_ && length_ == 0; }
  // Bytes of the body that are here and were not taken.
  std::size_t body_bytes() const { return request_.body.size(); }

  // In stage whole: the request. keep_alive(): whether the client wants another one on this connection.
  Request take() { return std::move(request_); }
  bool keep_alive() const { return keep_alive_; }

  // For a body that is taken as it comes, from stage body on: the request without it, once; and what is here of it.
  Request take_head();
  Bytes take_body() { return std::exchange(request_.body, {}); }
  // The length that the client said, 0 where there is no body, and what of it has not come yet; nothing where it comes
  // in chunks.
  std::optional<std::uint64_t> body_length() const;
  std::optional<std::uint64_t> body_left() const;
  // So many of them, of a length that the client said, came another way.
  void skip_body(std::uint64_t bytes);

  // After stage whole: begins with the next one, of which some may be here.
  void next();

  // In stage refused: the answer to give.
  const Response& refusal() const { return refusal_; }

 private:
  void advance();
  bool scan_header();
  void parse_header(std::string_view block);
  void begin_body(bool chunked, std::size_t length);
  void read_body();
  void refuse(int status, std::string_view sentence);

  std::size_t most_header_bytes_, most_body_bytes_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0;  // in buffer_: what is not used yet
  std::size_t scanned_ = 0;          // of it, in the header
  Stage stage_ = Stage::idle;
  Request request_;
  bool chunked_ = false;
  std::size_t length_ = 0, left_ = 0;  // of a body that is not chunked
  ChunkedDecoder decoder_{0};
  bool keep_alive_ = false, expects_continue_ = false;
  Response refusal_;
};

}  // namespace graft
