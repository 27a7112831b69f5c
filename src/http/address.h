// Whether an address of the internet may be asked on a stranger's word.
#pragma once

#include "base/bytes.h"

namespace graft {

// `address`: the 4 bytes of IPv4 or the 16 of IPv6, as on the wire. False for all that IANA's registries of special
// purpose addresses keep from the public network: loopback, private, link-local, multicast, documentation, ... An IPv6
// address that stands for one of IPv4 is as public as that one.
bool is_public(ByteView address);

}  // namespace graft
