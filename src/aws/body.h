// A request's body as it was meant, and gzip.
#pragma once

#include "base/bytes.h"
#include "http/message.h"

namespace graft::aws {

// Unpacked where Content-Encoding says gzip, as newer clients do with what they put into CloudWatch. Throws
// SerializationException for what is no gzip or has more than 8 MiB unpacked, and names another encoding.
Bytes plain_body(const Request& request);

// What was packed by gzip. Throws Kind::invalid for what is none, and for what has more than `most` bytes unpacked.
Bytes gunzip(ByteView packed, std::size_t most);

}  // namespace graft::aws
