// Requests and answers, as values.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/descriptor.h"
#include "base/error.h"

namespace graft {

// In the order they came; names are compared without regard to case.
using Headers = std::vector<std::pair<std::string, std::string>>;

// The first of this name.
std::optional<std::string_view> find_header(const Headers& headers, std::string_view name);

struct Request {
  std::string method{};                        // "GET"
  std::string target{};                        // as it was sent, with the query: what signatures are made of
  std::string path{};                          // percent-decoded, without the query; begins with '/', may hold ".."
  std::map<std::string, std::string> query{};  // percent-decoded, '+' as a space; of a name given twice, the first
  Headers headers{};
  Bytes body{};
  std::string client{};                                // its address, for logs
  std::shared_ptr<const std::atomic<bool>> hung_up{};  // for abandoned()
};

// Whether the client ended the connection while it waits, as far as that is known: a hint that nobody wants the answer
// any more, and may be true only later. A client that ends its own side of the connection alone looks the same: what is
// answered all the same still reaches it. Thread-safe.
bool abandoned(const Request& request);

// A part of an open file as a body: it goes from the file to the socket and is never in memory as a whole.
struct FileBody {
  std::shared_ptr<const Descriptor> file{};
  std::uint64_t offset = 0, length = 0;  // within the file
};

struct Response {
  int status = 200;
  std::string content_type{};  // empty when there is no body
  std::string body{};
  Headers headers{};               // besides Content-Type, Content-Length, Date and Connection
  std::optional<FileBody> file{};  // in place of `body`
  // Of the answer to HEAD: the Content-Length that GET would have.
  std::optional<std::uint64_t> length{};
};

// The status that says an error of this kind: 400, 403, 404, 409, 503, and 500 of what is internal.
int status_of(Kind kind);

// {"error": "..."}: what a client is told when it gets no answer.
Response error_response(int status, std::string_view sentence);

// The same for what was thrown: an Error's sentence with the status of its kind. What is Kind::internal or
// no Error is 500 and says nothing of the server's inside; the log has it.
Response error_response(const std::exception& error);

}  // namespace graft
