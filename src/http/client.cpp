#include "http/client.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <mutex>
#include <vector>

#include "base/error.h"
#include "base/words.h"
#include "http/client_socket.h"

namespace graft {
namespace {

using Clock = ClientSocket::Clock;

constexpr std::size_t kRead = 64 << 10;

// About one connection, or about how the body is framed on it (RFC 9110 7.6.1).
bool is_of_connection(std::string_view name) {
  static constexpr std::array<std::string_view, 10> kNames{
      "connection", "keep-alive",        "proxy-connection", "te",     "trailer",
      "upgrade",    "transfer-encoding", "content-length",   "expect", "proxy-authorization"};
  return std::any_of(kNames.begin(), kNames.end(), [name](std::string_view other) { return same_name(name, other); });
}

void check_line(std::string_view text_of_it, std::string_view what, bool spaces) {
  for (const char c : text_of_it) {
    const auto byte = static_cast<unsigned char>(c);
    require(byte > 0x20 || (spaces && (c == ' ' || c == '\t')), what, " holds a control character or a space");
    require(byte != 0x7f, what, " holds a control character");
  }
}

std::string request_head(std::string_view method, std::string_view target, const Headers& headers,
                         const std::string& host, std::size_t body) {
  check_line(method, "the request's method", false);
  check_line(target, "the request's target", false);
  require(target.starts_with('/'), "the request's target does not begin with \"/\"");
  std::string head = text(method, " ", target, " HTTP/1.1\r\n");
  if (!find_header(headers, "Host")) head += "Host: " + host + "\r\n";
  for (const auto& [name, value] : headers) {
    if (is_of_connection(name)) continue;
    check_line(name, "a header's name", false);
    check_line(value, "a header's value", true);
    head += name + ": " + value + "\r\n";
  }
  const bool has_body = body > 0 || method == "POST" || method == "PUT" || method == "PATCH";
  if (has_body) head += "Content-Length: " + std::to_string(body) + "\r\n";
  return head + "\r\n";
}

iovec piece(const void* data, std::size_t size) {
  return {const_cast<void*>(data), size};
}

struct IdleSocket {
  std::unique_ptr<ClientSocket> socket{};
  Clock::time_point since{};
};

}  // namespace

struct ClientPool::State {
  std::string address;
  std::uint16_t port;
  ClientLimits limits;
  std::string host;
  std::mutex mutex{};
  std::vector<IdleSocket> idle{};  // guarded by mutex; the one that was used last is at the end

  std::unique_ptr<ClientSocket> find_idle();
  void give_back(std::unique_ptr<ClientSocket> socket);
  std::unique_ptr<ClientSocket> connect(Clock::time_point deadline) const;
};

// The one that was used last: those that are not needed grow old and end.
std::unique_ptr<ClientSocket> ClientPool::State::find_idle() {
  const std::lock_guard lock(mutex);
  const auto oldest = Clock::now() - limits.idle_time;
  std::erase_if(idle, [oldest](const IdleSocket& one) { return one.since < oldest; });
  while (!idle.empty()) {
    auto socket = std::move(idle.back().socket);
    idle.pop_back();
    if (socket->quiet()) return socket;
  }
  return nullptr;
}

void ClientPool::State::give_back(std::unique_ptr<ClientSocket> socket) {
  const std::lock_guard lock(mutex);
  if (idle.size() < limits.idle_connections) idle.push_back({std::move(socket), Clock::now()});
}

std::unique_ptr<ClientSocket> ClientPool::State::connect(Clock::time_point deadline) const {
  return std::make_unique<ClientSocket>(address, port, std::min(deadline, Clock::now() + limits.connect_time));
}

namespace {

// Sends the request and reads its answer. Whether the connection can be used again. A reader that has not begun at the
// end: the connection ended without a byte.
bool exchange(const ClientSocket& socket, const std::string& head, ByteView body, ResponseReader& reader,
              Clock::time_point deadline) {
  std::array pieces{piece(head.data(), head.size()), piece(body.data(), body.size())};
  // A server may answer, and end the connection, before it has read all.
  const bool sent = socket.send(pieces, deadline);
  const auto buffer = std::make_unique_for_overwrite<char[]>(kRead);
  while (!reader.whole()) {
    const std::size_t got = socket.receive({buffer.get(), kRead}, deadline);
    if (got > 0) {
      reader.take({buffer.get(), got});
    } else if (reader.begun()) {
      reader.end();
    } else {
      return false;
    }
  }
  return sent && reader.keep_alive();
}

std::string host_of(const std::string& address, std::uint16_t port) {
  const bool six = address.find(':') != std::string::npos;
  return text(six ? "[" : "", address, six ? "]:" : ":", port);
}

}  // namespace

ClientPool::ClientPool(std::string address, std::uint16_t port, const ClientLimits& limits)
    : state_(new State{.address = address, .port = port, .limits = limits, .host = host_of(address, port)}) {}

ClientPool::~ClientPool() = default;

ClientAnswer ClientPool::call(std::string_view method, std::string_view target, const Headers& headers, ByteView body,
                              std::chrono::milliseconds patience) {
  const auto deadline = Clock::now() + patience;
  const std::string head = request_head(method, target, headers, state_->host, body.size());
  auto socket = state_->find_idle();
  bool is_new = !socket;
  for (;; is_new = true) {
    if (is_new) socket = state_->connect(deadline);
    ResponseReader reader(state_->limits.header_bytes, state_->limits.body_bytes, method == "HEAD");
    const bool again = exchange(*socket, head, body, reader, deadline);
    if (reader.whole()) {
      if (again) state_->give_back(std::move(socket));
      return reader.answer();
    }
    if (is_new) throw Error(Kind::unavailable, "Broken", "the server ended the connection without an answer");
  }
}

Response passed_on(ClientAnswer answer) {
  Response response{.status = answer.status, .body = std::move(answer.body)};
  for (auto& [name, value] : answer.headers) {
    if (same_name(name, "Content-Type")) {
      response.content_type = std::move(value);
    } else if (same_name(name, "Content-Length")) {
      response.length = std::strtoull(value.c_str(), nullptr, 10);
    } else if (!is_of_connection(name) && !same_name(name, "Date")) {
      response.headers.emplace_back(std::move(name), std::move(value));
    }
  }
  return response;
}

}  // namespace graft
