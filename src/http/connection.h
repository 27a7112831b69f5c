// One connection of a Server: reads a request, has it answered, writes the answer, and again. Only for server.cpp.
//
// All of a connection runs on the one thread of its loop, so nothing in it is locked. Answers come from any thread:
// they are posted to the loop. A Handler's request is read as a whole (phase body) and then handed over; an Exchange is
// handed over at once, and its body goes on into a pipe (phase streaming) while some other thread works on it. The rest
// of a long one that thread reads itself.
#pragma once

// The thread sanitizer does not understand fences. Asio does without them where it has mutexes, as here.
#ifdef __SANITIZE_THREAD__
#define BOOST_ASIO_DISABLE_FENCED_BLOCK
#endif

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_set>

#include "http/body_pipe.h"
#include "http/request_reader.h"
#include "http/server.h"

namespace graft {

class Connection;

// What one thread reads and writes.
struct Loop {
  boost::asio::io_context io{1};
  std::unordered_set<std::shared_ptr<Connection>> connections{};
};

// What all connections of a server share.
struct ServerCore {
  ServerOptions options;
  Handler handler;            // either this
  ExchangeHandler exchanges;  // or this
  std::optional<boost::asio::ssl::context> tls{};
  std::atomic<bool> stopping{false};
  std::atomic<std::size_t> unread_bytes{0};  // of bodies on their way
  std::mutex mutex{};
  std::condition_variable closed{};
  std::size_t open = 0;  // connections; guarded by mutex
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // A surplus connection is told 503 and closed.
  Connection(std::shared_ptr<Loop> loop, ServerCore& core, boost::asio::ip::tcp::socket socket, bool surplus);
  ~Connection();

  // All on the loop's thread.
  void start();
  void answer(Response response);
  // More of the body is wanted, of this request.
  void resume(std::uint64_t request);
  // The server stops: closes a connection that waits for a request; others end with the answer they are at.
  void finish();
  void close();

 private:
  enum class Phase {
    fresh,
    handshake,
    idle,
    headers,
    body,
    streaming,
    draining,  // an answer waits until what is left of the body is thrown away
    handling,
    answering,
    lingering,
    closed
  };
  using Clock = std::chrono::steady_clock;
  using Then = void (Connection::*)();
  static constexpr std::chrono::milliseconds kNoLimit{0};
  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

  // Time.
  void enter(Phase phase, std::chrono::milliseconds limit);
  void progressed();
  void arm(Clock::time_point when);
  void expire();
  void interrupt();
  void interrupted();

  // Reading.
  void begin();
  void progress();
  void read();
  void say_continue();
  bool account();
  Request complete(Request request);
  std::function<void(Response)> post_answer();
  void hand_over();
  void open_exchange();
  void stream();
  bool lend();
  void take_back();
  void drain();
  void answer_early(Response response);
  void watch();
  bool waits() const;

  // Writing.
  void refuse(Response response);
  void send(Response response);
  template <typename Buffers>
  void write(const Buffers& buffers, Then then);
  void send_file();
  void send_file_piece();
  void answered();
  void linger();
  void discard();

  std::weak_ptr<Loop> loop_;
  ServerCore& core_;
  boost::asio::ip::tcp::socket socket_;
  std::optional<boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>> tls_;
  boost::asio::steady_timer timer_;
  RequestReader reader_;
  Phase phase_ = Phase::fresh;
  std::chrono::milliseconds limit_{};  // of the phase
  Clock::time_point progressed_{};     // when enough had come in phase streaming, or when a file's bytes last went
  std::size_t arrived_ = 0;            // since then
  bool surplus_;
  bool pending_ = false;            // a read, or the write of "100 Continue"
  bool expired_ = false;            // what is pending is cancelled
  bool continued_ = false;          // "100 Continue" was sent for this request
  bool needless_continue_ = false;  // it is to be sent with the answer
  bool keep_alive_ = false, head_ = false;
  std::size_t accounted_ = 0;  // of core_.unread_bytes
  std::string client_, answer_head_, answer_body_;
  std::optional<FileBody> file_;  // what is left of it

  std::shared_ptr<std::atomic<bool>> hung_up_;  // of this request's client
  bool watching_ = false;

  // Of an exchange.
  std::uint64_t request_ = 0;  // counts them
  std::shared_ptr<BodyPipe> body_;
  bool paused_ = false;            // nothing is read until more is wanted
  bool lent_ = false;              // nor then: `body_` reads the socket
  std::optional<Response> early_;  // the answer, in phase draining
  std::size_t drained_ = 0;
};

}  // namespace graft
