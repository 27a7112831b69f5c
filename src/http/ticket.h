// One request's right to an answer, and an exchange that has it. Only for the server.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>

#include "http/body_pipe.h"
#include "http/exchange.h"

namespace graft {

class Ticket {
 public:
  // `post` hands the answer to the connection's thread.
  explicit Ticket(std::function<void(Response)> post) : post_(std::move(post)) {}
  // Whoever lost it without an answer is answered for.
  ~Ticket() {
    if (!used_) send(error_response(500, "the server lost the request"));
  }
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;

  // The first call counts. Thread-safe.
  void send(Response response);

 private:
  std::function<void(Response)> post_;
  std::atomic<bool> used_{false};
};

std::shared_ptr<Exchange> make_exchange(Request request, std::optional<std::uint64_t> length,
                                        std::shared_ptr<BodyPipe> body, std::function<void(Response)> post);

}  // namespace graft
