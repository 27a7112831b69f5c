// CBOR (RFC 8949), as AWS's smithy-rpc-v2-cbor uses it, to and from JSON.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/json_forward.h"

namespace graft::aws {

// Tags are left off, so a time (tag 1) is its number; undefined is null. Throws SerializationException for what is
// none, is followed by something, is nested deeper than 64, or has byte strings or keys that are no text.
Json parse_cbor(ByteView bytes);

// Numbers that are members of this name, or of an array that is, are written as times (tag 1).
using IsTime = std::function<bool(std::string_view name)>;
std::string to_cbor(const Json& json, const IsTime& is_time = {});

}  // namespace graft::aws
