// A request's header, from its request line to the empty line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/message.h"

namespace graft {

struct HeaderBlock {
  int status = 0;         // of the answer to a header that is refused; 0: it is good
  std::string problem{};  // why it is refused
  Request request{};      // without its body
  bool keep_alive = false, chunked = false, expects_continue = false;
  std::uint64_t content_length = 0;
};

// `block` ends with its first empty line.
HeaderBlock parse_header_block(std::string_view block);

}  // namespace graft
