// Files and fields of a form: multipart/form-data (RFC 7578).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "http/media_type.h"

namespace graft {

struct Part {
  std::string name{};          // of the field
  std::string file_name{};     // as the client says it: never a path to write to
  std::string content_type{};  // as the client says it; may be empty
  ByteView bytes{};            // into the body
};

// `type` is the body's Content-Type, with its boundary. Throws for what is no such form, and for more than
// `most_parts`.
std::vector<Part> parse_multipart(ByteView body, const MediaType& type, std::size_t most_parts);

}  // namespace graft
