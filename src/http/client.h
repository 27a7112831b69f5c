// Calls of a server that is near: a serving process on this machine, whose answers are passed on. (What is far, or has
// TLS, or redirects, is asked with libcurl: fetch.h.)
//
// Connections are kept and used again. All calls block, each for so long at most.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "http/message.h"
#include "http/response_reader.h"

namespace graft {

struct ClientLimits {
  std::size_t header_bytes = 64 << 10;
  std::size_t body_bytes = 64 << 20;
  std::size_t idle_connections = 64;            // more are closed when their answer is here
  std::chrono::milliseconds idle_time{30'000};  // below the server's own, that connections do not end under a request
  std::chrono::milliseconds connect_time{2'000};
};

class ClientPool {
 public:
  // `address`: of IPv4 or IPv6.
  ClientPool(std::string address, std::uint16_t port, const ClientLimits& limits = {});
  ~ClientPool();
  ClientPool(const ClientPool&) = delete;
  ClientPool& operator=(const ClientPool&) = delete;

  // Thread-safe. `target` is sent as it is. Of `headers` those that are about the connection or the body's framing are
  // left out: they are this client's. Throws Kind::unavailable with the code
  //   "Refused"    nobody listens there: the server never saw the request,
  //   "Timeout"    it took longer than `patience`,
  //   "Broken"     the connection ended before the answer was here,
  //   "BadAnswer"  what came is no HTTP, or larger than the limits,
  // and Kind::invalid for a target or header that would be another request. A request that was sent on a connection
  // that had ended while it was idle, without a byte of an answer, is sent once more on a new one.
  ClientAnswer call(std::string_view method, std::string_view target, const Headers& headers, ByteView body,
                    std::chrono::milliseconds patience);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The answer as one to pass on: without the headers that are about the connection it came on.
Response passed_on(ClientAnswer answer);

}  // namespace graft
