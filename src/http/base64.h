// Base64 (RFC 4648 4), as JSON carries pictures.
#pragma once

#include <string_view>

#include "base/bytes.h"

namespace graft {

// Strict: padded, no line breaks, no spaces, the unused bits of the last digit 0. An error says at which byte what is
// wrong.
Bytes decode_base64(std::string_view text);

}  // namespace graft
