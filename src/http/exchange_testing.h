// What the tests of exchanges share: a server that says what it was asked.
#pragma once

#include <array>
#include <chrono>
#include <string>

#include "base/error.h"
#include "http/exchange.h"
#include "http/server.h"
#include "http/workers.h"

namespace graft::test {

using std::chrono::milliseconds;

constexpr milliseconds kShort{100};

inline std::string post(std::string_view body, const std::string& more = "") {
  return text("POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: ", body.size(), "\r\n", more, "\r\n", body);
}

inline std::string get(const std::string& path) {
  return "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n";
}

inline std::string said(Exchange& exchange, const Bytes& body) {
  const auto length = exchange.length();
  return text(exchange.request().method, " ", exchange.request().target, " ", body.size(), " ",
              length ? std::to_string(*length) : "chunks", "\n", as_text(body).substr(0, 100));
}

inline void echo(const std::shared_ptr<Exchange>& exchange) {
  const Bytes body = read_all(*exchange, 1 << 30);
  exchange->answer({200, "text/plain", said(*exchange, body)});
}

// A server whose exchanges are served by threads that wait.
struct House {
  explicit House(ExchangeHandler serve, const ServerOptions& options = {})
      : server(options, on_workers(workers, std::move(serve))) {}
  Workers workers{};
  Server server;
};

// What read() throws, as the code of an Error and its sentence.
inline std::string problem(Exchange& exchange) {
  std::array<std::byte, 1000> room{};
  try {
    while (exchange.read(room) > 0) {
    }
    return "none";
  } catch (const Error& error) {
    return error.code() + ": " + error.what();
  }
}

}  // namespace graft::test
