// Names with values as the index keeps them: "name\0value\0name\0value\0". Neither can hold a zero byte.
#pragma once

#include <string>

#include "http/message.h"

namespace graft::s3 {

std::string pack(const Headers& pairs);
// REQUIRES: as pack() made it.
Headers unpack(ByteView packed);

}  // namespace graft::s3
