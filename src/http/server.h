// An HTTP/1.1 server (RFC 9112), with TLS where it is given a certificate.
//
// Keep-alive, pipelining, chunked bodies and Expect: 100-continue. Everything a client sends has a limit, in bytes and
// in time; one that breaks a limit gets one answer (400, 408, 413, 417, 431, 501, 503, 505) and its connection is
// closed. A connection reads its next request when the last one is answered, so a client has at most one in the house.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "http/exchange.h"
#include "http/message.h"

namespace graft {

struct TlsFiles {
  std::filesystem::path certificate, key;  // PEM; the certificate with its chain
};

struct ServerOptions {
  std::string address = "127.0.0.1";  // "0.0.0.0": all of IPv4; "::": all
  std::uint16_t port = 0;             // 0: a free one
  std::optional<TlsFiles> tls{};
  std::size_t most_header_bytes = 16 << 10;
  std::size_t most_body_bytes = 64 << 20;            // not of exchanges: who reads their bodies knows what may come
  std::size_t most_unread_bytes = 1 << 30;           // of all bodies that are on their way; beyond it 503
  std::size_t most_connections = 1024;               // beyond it 503
  std::chrono::milliseconds header_timeout{10'000};  // from a request's first byte to its headers' end; of TLS's start
  std::chrono::milliseconds body_timeout{
      60'000};  // of a whole body; of 1 KiB for each of its seconds, of an exchange's
  std::chrono::milliseconds idle_timeout{60'000};    // between requests
  std::chrono::milliseconds answer_timeout{60'000};  // for the client to take an answer; of a file, without progress
  std::size_t threads = 1;                           // that read and write; handlers must not block them
};

// Called once for each request, from any thread, also when the connection or the server is gone by then. When all
// copies are destroyed without a call, the client is told 500.
using Reply = std::function<void(Response)>;
// Runs on a thread that reads and writes: what takes long is handed to another thread, which calls `reply`. What it
// throws is answered by error_response().
using Handler = std::function<void(Request, Reply)>;

class Server {
 public:
  // Listens when it returns. Throws Kind::unavailable when the address is in use or a file of TLS cannot be used.
  Server(const ServerOptions& options, Handler handler);
  Server(const ServerOptions& options, ExchangeHandler handler);
  // stop(0), if it was not stopped.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const;

  // Accepts no more. Connections that wait for a request are closed; requests that began to arrive are answered with
  // "Connection: close", for so long at most; then all connections are closed. Not to be called by a handler.
  void stop(std::chrono::milliseconds patience);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace graft
