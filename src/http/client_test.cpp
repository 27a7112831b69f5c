#include "http/client.h"

#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <future>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "http/server.h"

namespace graft {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

constexpr milliseconds kLong{20'000}, kShort{100};

// Says what it was asked, and counts connections by the clients' ports.
void echo(const Request& request, const Reply& reply) {
  std::string all = text(request.method, " ", request.target, " ", request.body.size());
  for (const auto& [name, value] : request.headers) all += text("\n", name, ": ", value);
  reply({200, "text/plain", all, {{"X-Kept", "yes"}}});
}

// Accepts connections one after the other and gives each to `serve`, which gets its descriptor.
class RawServer {
 public:
  explicit RawServer(std::function<void(int socket, int number)> serve)
      : listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(listening_.fd, reinterpret_cast<const sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listening_.fd, 10), 0);
    getsockname(listening_.fd, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, serve = std::move(serve)] {
      for (int number = 0;; ++number) {
        const Descriptor socket(::accept(listening_.fd, nullptr, nullptr));
        if (socket.fd < 0) return;
        serve(socket.fd, number);
      }
    });
  }
  ~RawServer() {
    ::shutdown(listening_.fd, SHUT_RDWR);
    thread_.join();
  }
  std::uint16_t port() const { return port_; }

 private:
  Descriptor listening_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

// A request without a body.
std::string receive(int socket) {
  std::string all;
  for (char c = 0; !all.ends_with("\r\n\r\n") && ::recv(socket, &c, 1, 0) == 1;) all += c;
  return all;
}

void say(int socket, std::string_view words) {
  ::send(socket, words.data(), words.size(), MSG_NOSIGNAL);
}

std::string code(const std::function<void()>& work) {
  try {
    work();
    return "none";
  } catch (const Error& error) {
    EXPECT_TRUE(error.kind() == Kind::unavailable || error.code().empty());
    return error.kind() == Kind::invalid ? "invalid" : error.code();
  }
}

TEST(ClientPool, SendsARequestAndReadsItsAnswer) {
  const Server server({}, echo);
  ClientPool pool("127.0.0.1", server.port());
  const ClientAnswer answer = pool.call(
      "POST", "/a%20b?c=d", {{"X-A", "1"}, {"Connection", "close"}, {"content-length", "7"}}, as_bytes("hello"), kLong);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, text("POST /a%20b?c=d 5\nHost: 127.0.0.1:", server.port(), "\nX-A: 1\nContent-Length: 5"));
  EXPECT_EQ(find_header(answer.headers, "x-kept"), "yes");
  EXPECT_EQ(pool.call("GET", "/", {{"Host", "other"}}, {}, kLong).body, "GET / 0\nHost: other");
  EXPECT_EQ(pool.call("HEAD", "/", {}, {}, kLong).body, "");
}

TEST(ClientPool, CarriesLargeBodiesBothWays) {
  const Server server({}, [](const Request& request, const Reply& reply) {
    reply({200, "application/octet-stream", std::string(as_text(request.body))});
  });
  ClientPool pool("127.0.0.1", server.port());
  std::string body;
  for (int i = 0; i < 2'000'000; ++i) body += text(i % 10'000);
  EXPECT_TRUE(pool.call("POST", "/", {}, as_bytes(body), kLong).body == body);
}

TEST(ClientPool, UsesOneConnectionForOneRequestAfterTheOther) {
  const RawServer server([](int socket, int number) {
    while (!receive(socket).empty()) say(socket, text("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", number));
  });
  {
    ClientPool pool("127.0.0.1", server.port());
    for (int i = 0; i < 5; ++i) EXPECT_EQ(pool.call("GET", "/", {}, {}, kLong).body, "0");
  }
  EXPECT_EQ(ClientPool("127.0.0.1", server.port()).call("GET", "/", {}, {}, kLong).body, "1");
}

TEST(ClientPool, ManyThreadsAtOnce) {
  const Server server({.threads = 2}, echo);
  ClientPool pool("127.0.0.1", server.port());
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 20; ++i) {
    threads.emplace_back([&, i] {
      for (int request = 0; request < 20; ++request) {
        const std::string target = text("/", i, "/", request);
        right += pool.call("GET", target, {}, {}, kLong).body.starts_with("GET " + target + " ");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 400);
}

TEST(ClientPool, AsksAgainWhenAnIdleConnectionHadEnded) {
  const RawServer server([](int socket, int number) {
    receive(socket);
    say(socket, text("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", number));
    if (number == 0) receive(socket);  // and ends the connection without a word
  });
  ClientPool pool("127.0.0.1", server.port());
  EXPECT_EQ(pool.call("GET", "/", {}, {}, kLong).body, "0");
  EXPECT_EQ(pool.call("POST", "/", {}, as_bytes("x"), kLong).body, "1");
  // This one ended before it was used again, which is seen without asking.
  EXPECT_EQ(pool.call("GET", "/", {}, {}, kLong).body, "2");
}

TEST(ClientPool, AsksOnlyOnceOnANewConnection) {
  std::atomic<int> asked{0};
  const RawServer server([&](int socket, int) { asked += !receive(socket).empty(); });
  ClientPool pool("127.0.0.1", server.port());
  EXPECT_EQ(code([&] { pool.call("GET", "/", {}, {}, kLong); }), "Broken");
  EXPECT_EQ(asked, 1);
}

TEST(ClientPool, TellsApartHowAServerFails) {
  std::uint16_t nobody = 0;
  {
    const Server server({}, echo);
    nobody = server.port();
  }
  ClientPool none("127.0.0.1", nobody);
  EXPECT_EQ(code([&] { none.call("GET", "/", {}, {}, kLong); }), "Refused");

  const RawServer server([](int socket, int number) {
    receive(socket);
    if (number == 0) receive(socket);  // no answer until the client ends
    if (number == 1) say(socket, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    if (number == 2) say(socket, "SSH-2.0\r\n\r\n");
    if (number == 3) say(socket, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
  });
  ClientPool pool("127.0.0.1", server.port(), {.body_bytes = 100});
  const auto begin = steady_clock::now();
  EXPECT_EQ(code([&] { pool.call("GET", "/", {}, {}, kShort); }), "Timeout");
  EXPECT_GE(steady_clock::now() - begin, kShort);
  EXPECT_EQ(code([&] { pool.call("GET", "/", {}, {}, kLong); }), "Broken");
  EXPECT_EQ(code([&] { pool.call("GET", "/", {}, {}, kLong); }), "BadAnswer");
  EXPECT_EQ(code([&] { pool.call("GET", "/", {}, {}, kLong); }), "BadAnswer");
}

TEST(ClientPool, HearsAnAnswerThatComesBeforeTheBodyWasRead) {
  const Server server({.most_body_bytes = 1'000}, echo);
  ClientPool pool("127.0.0.1", server.port());
  const std::string body(20'000'000, 'x');
  for (int i = 0; i < 3; ++i) EXPECT_EQ(pool.call("POST", "/", {}, as_bytes(body), kLong).status, 413);
}

TEST(ClientPool, RefusesWhatWouldBeAnotherRequest) {
  ClientPool pool("127.0.0.1", 1);
  const auto ask = [&](const std::string& method, const std::string& target, const Headers& headers) {
    return code([&] { pool.call(method, target, headers, {}, kLong); });
  };
  EXPECT_EQ(ask("GET", "/ HTTP/1.1\r\nA: b\r\n\r\nGET /", {}), "invalid");
  EXPECT_EQ(ask("GET /", "/", {}), "invalid");
  EXPECT_EQ(ask("GET", "http://other/", {}), "invalid");
  EXPECT_EQ(ask("GET", "/", {{"A", "b\r\nC: d"}}), "invalid");
  EXPECT_EQ(ask("GET", "/", {{"A: b\r\nC", "d"}}), "invalid");
  EXPECT_EQ(code([] { ClientPool("a name", 1).call("GET", "/", {}, {}, kLong); }), "invalid");
}

TEST(ClientPool, AnAnswerIsPassedOnWithoutWhatIsOfItsConnection) {
  const Response response = passed_on({200,
                                       {{"content-type", "image/png"},
                                        {"Date", "yesterday"},
                                        {"Keep-Alive", "5"},
                                        {"transfer-encoding", "chunked"},
                                        {"Content-Length", "4"},
                                        {"X-Amzn-Custom", "kept"},
                                        {"Connection", "close"}},
                                       "body"});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "image/png");
  EXPECT_EQ(response.body, "body");
  EXPECT_THAT(response.headers, ElementsAre(Pair("X-Amzn-Custom", "kept")));
}

}  // namespace
}  // namespace graft
