// One GET by libcurl, within limits. Only for fetch.cpp and fetch_s3.cpp.
#pragma once

#include <optional>
#include <string>

#include "http/fetch.h"
#include "http/message.h"

namespace graft {

// How AWS wants a request signed (Signature Version 4).
struct Signature {
  std::string region, access_key, secret_key;
};

struct Transfer {
  long status = 0;
  Bytes body;
};

// Throws as fetch() does, but gives every status of an answer back. `headers` are sent, and signed where it is signed.
Transfer transfer(const std::string& url, const FetchLimits& limits, const Headers& headers = {},
                  const std::optional<Signature>& signature = {});

}  // namespace graft
