// One request to a serving process, and its answer.
#pragma once

#include <chrono>
#include <string_view>

#include "http/client.h"

namespace graft {

// Codes of what forward() throws, all Kind::unavailable.
constexpr char kBroken[] = "Broken";        // it is not there, or its connection ended before an answer
constexpr char kTimedOut[] = "Timeout";     // it did not answer in time
constexpr char kBadAnswer[] = "BadAnswer";  // what it answered is no HTTP, or too large

struct ForwardedRequest {
  std::string_view method = "GET";
  std::string_view target{};
  const Headers* headers = nullptr;  // none, or a client's
  ByteView body{};
};

// Of a client's headers those are left out that prove who it is. Waits for the whole answer. Thread-safe.
Response forward(ClientPool& process, const ForwardedRequest& request, std::chrono::milliseconds patience);

// Whether GET /ping is answered by 200 in time.
bool ping(ClientPool& process);

}  // namespace graft
