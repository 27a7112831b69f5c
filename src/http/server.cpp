#include "http/server.h"

#include <signal.h>
#include <unistd.h>

#include <future>
#include <thread>

#include "base/error.h"
#include "base/log.h"
#include "http/connection.h"

namespace graft {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;

using Work = asio::executor_work_guard<asio::io_context::executor_type>;

// So many connections beyond the most are told 503; more are closed without a word.
constexpr std::size_t kMostSurplus = 64;
// After a failed accept: when files run out, trying again at once would only heat the processor.
constexpr milliseconds kAcceptAgain{50};

void run(Loop& loop) {
  // sendfile(2) to a client that is gone says so by a signal, and has no flag against it.
  sigset_t broken_pipe;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
  for (;;) {
    try {
      loop.io.run();
      return;
    } catch (const std::exception& error) {
      spdlog::error("a connection failed: {}", error.what());
    }
  }
}

// OpenSSL's words for what is wrong in a file; for a file that cannot be read it has none.
void check(const error_code& error, const std::filesystem::path& file, const char* what) {
  if (!error) return;
  const bool readable = ::access(file.c_str(), R_OK) == 0;
  fail(Kind::unavailable, file.string(), ": not usable as ", what, ": ", readable ? error.message() : system_message());
}

asio::ssl::context tls_context(const TlsFiles& files) {
  asio::ssl::context context(asio::ssl::context::tls_server);
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.native_handle(), SSL_OP_NO_RENEGOTIATION);
  error_code error;
  context.use_certificate_chain_file(files.certificate.string(), error);
  check(error, files.certificate, "a certificate in PEM");
  context.use_private_key_file(files.key.string(), asio::ssl::context::pem, error);
  check(error, files.key, text("the private key of ", files.certificate.string()).c_str());
  return context;
}

// Bound and listening.
tcp::acceptor listen(asio::io_context& io, const ServerOptions& options) {
  const auto check_listen = [&](const error_code& error) {
    if (error) {
      fail(Kind::unavailable, "cannot listen on ", options.address, " port ", options.port, ": ", error.message());
    }
  };
  error_code error;
  const auto found = tcp::resolver(io).resolve(options.address, std::to_string(options.port),
                                               tcp::resolver::passive | tcp::resolver::numeric_service, error);
  check_listen(error);
  const tcp::endpoint endpoint = *found.begin();
  tcp::acceptor acceptor(io);
  acceptor.open(endpoint.protocol(), error);
  check_listen(error);
  acceptor.set_option(tcp::acceptor::reuse_address(true));
  if (endpoint.address().is_v6()) acceptor.set_option(asio::ip::v6_only(false));
  acceptor.bind(endpoint, error);
  check_listen(error);
  acceptor.listen(asio::socket_base::max_listen_connections, error);
  check_listen(error);
  return acceptor;
}

}  // namespace

struct Server::State {
  State(const ServerOptions& options, Handler handler, ExchangeHandler exchanges);
  void accept();
  void admit(std::shared_ptr<Loop> loop, tcp::socket socket);
  void stop_accepting();
  std::shared_ptr<Loop> next_loop() { return loops[turn++ % loops.size()]; }

  ServerCore core;
  std::vector<std::shared_ptr<Loop>> loops;
  std::vector<Work> work;  // keeps the loops running
  tcp::acceptor acceptor;
  asio::steady_timer again;
  std::uint16_t port;
  std::size_t turn = 0;
  std::vector<std::thread> threads;
};

namespace {

std::vector<std::shared_ptr<Loop>> make_loops(std::size_t count) {
  std::vector<std::shared_ptr<Loop>> loops;
  for (std::size_t i = 0; i < std::max<std::size_t>(count, 1); ++i) loops.push_back(std::make_shared<Loop>());
  return loops;
}

}  // namespace

Server::State::State(const ServerOptions& options, Handler handler, ExchangeHandler exchanges)
    : core{.options = options, .handler = std::move(handler), .exchanges = std::move(exchanges)},
      loops(make_loops(options.threads)),
      acceptor(listen(loops.front()->io, options)),
      again(loops.front()->io),
      port(acceptor.local_endpoint().port()) {
  if (options.tls) core.tls = tls_context(*options.tls);
  accept();
  for (const auto& loop : loops) work.emplace_back(asio::make_work_guard(loop->io));
  for (const auto& loop : loops) threads.emplace_back([loop] { run(*loop); });
}

void Server::State::accept() {
  const auto loop = next_loop();
  acceptor.async_accept(loop->io, [this, loop](error_code error, tcp::socket socket) {
    if (!acceptor.is_open()) return;
    if (!error) {
      admit(loop, std::move(socket));
      return accept();
    }
    again.expires_after(kAcceptAgain);
    again.async_wait([this](error_code) {
      if (acceptor.is_open()) accept();
    });
  });
}

void Server::State::admit(std::shared_ptr<Loop> loop, tcp::socket socket) {
  bool surplus = false;
  {
    const std::lock_guard lock(core.mutex);
    if (core.open >= core.options.most_connections + kMostSurplus) return;
    surplus = core.open++ >= core.options.most_connections;
  }
  auto connection = std::make_shared<Connection>(loop, core, std::move(socket), surplus);
  asio::post(loop->io, [loop, connection = std::move(connection)] {
    loop->connections.insert(connection);
    connection->start();
  });
}

// Those that the system has accepted already may have sent a request.
void Server::State::stop_accepting() {
  error_code error;
  acceptor.non_blocking(true, error);
  while (!error) {
    const auto loop = next_loop();
    tcp::socket socket(loop->io);
    acceptor.accept(socket, error);
    if (!error) admit(loop, std::move(socket));
  }
  acceptor.close(error);
  again.cancel();
}

Server::Server(const ServerOptions& options, Handler handler)
    : state_(std::make_unique<State>(options, std::move(handler), nullptr)) {}

Server::Server(const ServerOptions& options, ExchangeHandler handler)
    : state_(std::make_unique<State>(options, nullptr, std::move(handler))) {}

Server::~Server() {
  stop(milliseconds(0));
}

std::uint16_t Server::port() const {
  return state_->port;
}

void Server::stop(milliseconds patience) {
  ServerCore& core = state_->core;
  if (core.stopping.exchange(true)) return;
  const auto deadline = std::chrono::steady_clock::now() + patience;
  std::promise<void> accepted;
  asio::post(state_->loops.front()->io, [&] {
    state_->stop_accepting();
    accepted.set_value();
  });
  accepted.get_future().wait();
  const auto for_all = [this](void (Connection::*act)()) {
    for (const auto& loop : state_->loops) {
      asio::post(loop->io, [loop, act] {
        const auto connections = loop->connections;  // acting on one may remove it
        for (const auto& connection : connections) (connection.get()->*act)();
      });
    }
  };
  for_all(&Connection::finish);
  {
    std::unique_lock lock(core.mutex);
    core.closed.wait_until(lock, deadline, [&] { return core.open == 0; });
  }
  for_all(&Connection::close);
  state_->work.clear();
  for (std::thread& thread : state_->threads) thread.join();
}

}  // namespace graft
