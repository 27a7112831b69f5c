#include "http/ticket.h"

#include "http/file_body.h"

namespace graft {
namespace {

class PipedExchange : public Exchange {
 public:
  PipedExchange(Request request, std::optional<std::uint64_t> length, std::shared_ptr<BodyPipe> body,
                std::function<void(Response)> post)
      : request_(std::move(request)), length_(length), body_(std::move(body)), ticket_(std::move(post)) {}

  const Request& request() const override { return request_; }
  std::optional<std::uint64_t> length() const override { return length_; }
  std::size_t read(std::span<std::byte> room) override { return body_->read(room); }
  void answer(Response response) override { ticket_.send(std::move(response)); }

 private:
  Request request_;
  std::optional<std::uint64_t> length_;
  std::shared_ptr<BodyPipe> body_;
  Ticket ticket_;
};

}  // namespace

void Ticket::send(Response response) {
  if (used_.exchange(true)) return;
  load_small_file(response);
  post_(std::move(response));
}

std::shared_ptr<Exchange> make_exchange(Request request, std::optional<std::uint64_t> length,
                                        std::shared_ptr<BodyPipe> body, std::function<void(Response)> post) {
  return std::make_shared<PipedExchange>(std::move(request), length, std::move(body), std::move(post));
}

}  // namespace graft
