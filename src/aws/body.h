// A request's body as it was meant.
#pragma once

#include "base/bytes.h"
#include "http/message.h"

namespace graft::aws {

// Unpacked where Content-Encoding says gzip, as newer clients do with what they put into CloudWatch. Throws
// SerializationException for what is no gzip or has more than 8 MiB unpacked, and names another encoding.
Bytes plain_body(const Request& request);

}  // namespace graft::aws
