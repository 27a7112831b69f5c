// One GET by libcurl, within limits. Only for fetch.cpp.
#pragma once

#include <string>

#include "http/fetch.h"

namespace graft {

struct Transfer {
  long status = 0;
  Bytes body;
};

// Throws as fetch() does, but gives every status of an answer back.
Transfer transfer(const std::string& url, const FetchLimits& limits);

}  // namespace graft
