// A request whose body is read, and whose answer is given, by a thread that may wait: for bodies that do not fit into
// memory, and for code that reads better when it waits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "http/message.h"

namespace graft {

class Exchange {
 public:
  virtual ~Exchange() = default;

  // Its body is empty: it is what read() gives.
  virtual const Request& request() const = 0;
  // The body's length where the client said it; nothing where it comes in chunks.
  virtual std::optional<std::uint64_t> length() const = 0;

  // Waits for the next bytes of the body and puts some of them into `room`; 0 at its end. The first call sends "100
  // Continue" where the client waits for it. Never more than some hundred KB of a body are in memory. Throws
  // Kind::unavailable when the client is gone or sends too slowly, Kind::invalid when what it sends is no body.
  virtual std::size_t read(std::span<std::byte> room) = 0;

  // Once; the first call counts. Does not wait for the client to take it. What of the body was not read is thrown away,
  // or the connection is closed. An exchange that ends without an answer is answered by 500.
  virtual void answer(Response response) = 0;
};

// The rest of the body. Throws Kind::invalid with the code "EntityTooLarge" when it has more than `most` bytes.
Bytes read_all(Exchange& exchange, std::size_t most);

// Called on a thread that reads and writes, so it hands the exchange on to another one.
using ExchangeHandler = std::function<void(std::shared_ptr<Exchange>)>;

}  // namespace graft
