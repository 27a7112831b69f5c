// Getting a file that somebody else named by its URL: http or https.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "base/bytes.h"

namespace graft {

struct FetchLimits {
  std::size_t bytes = 20 << 20;
  std::chrono::milliseconds time{10'000};  // redirects included
  int redirects = 3;
  // Whether private, loopback, link-local and other addresses that are not of the public network may be asked. It is
  // looked at for the address that is connected to, after the name was resolved, and again at each redirect: a name
  // that changes its address in between gains nothing. Proxies of the environment are used only where it is allowed, as
  // they connect to what they like.
  bool private_addresses = false;
};

// Blocks. Throws Kind::invalid for what is no such URL, Kind::denied for an address that may not be asked,
// Kind::unavailable for all else that prevents it. Thread-safe.
Bytes fetch(const std::string& url, const FetchLimits& limits);

}  // namespace graft
