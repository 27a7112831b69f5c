// The bytes of a connection become the answer to one request (RFC 9112). Knows no sockets and no time.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "http/chunked.h"
#include "http/message.h"

namespace graft {

struct ClientAnswer {
  int status = 0;
  Headers headers{};  // as they came
  std::string body{};
};

// Throws Kind::unavailable with the code "BadAnswer" for what is no HTTP/1.1, or larger than the limits.
class ResponseReader {
 public:
  // `to_head`: the request was HEAD, so that the answer has no body.
  ResponseReader(std::size_t most_header_bytes, std::size_t most_body_bytes, bool to_head)
      : most_header_bytes_(most_header_bytes), most_body_bytes_(most_body_bytes), to_head_(to_head) {}

  // The next bytes, cut anywhere.
  void take(std::string_view bytes);
  // The connection ended: the end of a body whose length nobody said; otherwise something is missing, which is
  // Kind::unavailable with the code "Broken".
  void end();

  bool begun() const { return begun_; }  // a byte has come
  bool whole() const { return part_ == Part::whole; }
  // Whether the connection can be used again: the server keeps it, and sent nothing behind the answer.
  bool keep_alive() const { return keep_alive_ && !surplus_; }
  // REQUIRES: whole().
  ClientAnswer answer();

 private:
  enum class Part { head, length, chunks, rest, whole };
  std::size_t take_head(std::string_view bytes);
  void parse_head();
  void parse_field(std::string_view line);
  void begin_body();
  std::size_t take_body(std::string_view bytes);

  std::size_t most_header_bytes_, most_body_bytes_;
  bool to_head_;
  Part part_ = Part::head;
  bool begun_ = false, keep_alive_ = false, surplus_ = false;
  bool chunked_ = false, has_length_ = false;
  std::size_t left_ = 0;
  ChunkedDecoder decoder_{0};
  Bytes chunks_;
  std::string head_;
  ClientAnswer answer_;
};

}  // namespace graft
