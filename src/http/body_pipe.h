// A body on its way from the thread that reads a connection to the one that uses it.
//
// It holds little: whoever fills it is told to stop when it is full, and is called when there is room again. The rest
// of a long body is not filled in: whoever uses it reads it from the socket.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/error.h"
#include "http/socket_body.h"

namespace graft {

class BodyPipe {
 public:
  static constexpr std::size_t kMost = 256 << 10;

  // `wanted` is called by read(), in its thread, when bytes are wanted after push() said to stop; and once at first
  // where it begins stopped; and when all that was lent is read.
  BodyPipe(std::function<void()> wanted, bool stopped) : wanted_(std::move(wanted)), stopped_(stopped) {}

  // Of the thread that fills it. False: no more until `wanted` is called.
  bool push(Bytes piece);
  // The body is whole.
  void finish();
  // There is no more of it; nothing where it is whole. The first call counts.
  void fail(const Error& error);

  // What is left of it comes from here, and no more is pushed.
  void lend(std::unique_ptr<SocketBody> socket);
  // Of what was lent, what is not read yet; after fail() it stays.
  std::uint64_t left();

  // Of the thread that uses it: as Exchange::read().
  std::size_t read(std::span<std::byte> room);

 private:
  bool take();
  std::size_t receive(std::span<std::byte> room);

  const std::function<void()> wanted_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::deque<Bytes> pieces_;
  std::size_t size_ = 0;
  bool stopped_, finished_ = false;
  std::optional<Error> error_;
  std::unique_ptr<SocketBody> socket_;
  // Of the thread that uses it.
  Bytes current_;
  std::size_t used_ = 0;
};

}  // namespace graft
