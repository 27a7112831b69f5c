// Time, connections and the end of a server.
#include <gmock/gmock.h>

#include <future>
#include <thread>

#include "base/error.h"
#include "http/server.h"
#include "http/test_client.h"

namespace graft {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using test::Client;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr milliseconds kShort{100};

std::string get(const std::string& path) {
  return "GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n";
}

void hello(const Request&, const Reply& reply) {
  reply({200, "text/plain", "hello"});
}

// Keeps the requests it is asked, for the test to answer.
struct Holder {
  std::promise<Reply> next;
  Handler handler() {
    return [this](const Request&, Reply reply) { next.set_value(std::move(reply)); };
  }
};

TEST(ServerLimits, AnIdleConnectionIsClosedWithoutAWord) {
  const Server server({.idle_timeout = kShort}, hello);
  Client fresh(server.port()), used(server.port());
  used.send(get("/"));
  used.answer();
  EXPECT_EQ(fresh.rest(), "");
  EXPECT_EQ(used.rest(), "");
  EXPECT_TRUE(fresh.closed() && used.closed());
}

TEST(ServerLimits, HeadersThatComeTooSlowlyAreAnswered408) {
  const Server server({.header_timeout = kShort}, hello);
  Client client(server.port());
  const auto begin = steady_clock::now();
  // Bytes that go on coming do not prolong it.
  std::thread drip([&] {
    for (int i = 0; i < 100 && client.send("G"); ++i) std::this_thread::sleep_for(milliseconds(10));
  });
  EXPECT_THAT(client.answer(), StartsWith("HTTP/1.1 408 Request Timeout\r\n"));
  EXPECT_GE(steady_clock::now() - begin, kShort);
  drip.join();
  client.rest();
  EXPECT_TRUE(client.closed());
}

TEST(ServerLimits, ABodyThatComesTooSlowlyIsAnswered408) {
  const Server server({.body_timeout = kShort}, hello);
  Client client(server.port());
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf");
  EXPECT_THAT(client.rest(), StartsWith("HTTP/1.1 408 "));
  EXPECT_TRUE(client.closed());
}

TEST(ServerLimits, ATimerThatGoesOffWithTheLastByteDoesNoHarm) {
  Holder holder;
  std::promise<void> blocked;
  const Server server({.header_timeout = kShort}, [&](Request request, Reply reply) {
    if (request.path != "/block") return holder.handler()(std::move(request), std::move(reply));
    blocked.set_value();
    std::this_thread::sleep_for(2 * kShort);  // the thread that reads: the timer and the bytes wait for it together
    reply({200, "text/plain", "over"});
  });
  Client client(server.port()), other(server.port());
  client.send("GET / HTTP/1.1\r\n");
  std::this_thread::sleep_for(kShort / 5);
  other.send(get("/block"));
  blocked.get_future().wait();
  client.send("Host: x\r\n\r\n");
  const Reply reply = holder.next.get_future().get();
  other.answer();
  reply({200, "text/plain", "hello"});
  EXPECT_THAT(client.answer(), EndsWith("hello"));
}

TEST(ServerLimits, AClientThatDoesNotReadItsAnswerIsCutOff) {
  const Server server({.answer_timeout = kShort}, [](const Request&, const Reply& reply) {
    reply({200, "text/plain", std::string(64 << 20, 'x')});
  });
  Client client(server.port());
  client.send(get("/"));
  std::this_thread::sleep_for(5 * kShort);
  EXPECT_LT(client.rest().size(), std::size_t{64} << 20);
  EXPECT_TRUE(client.closed());
}

TEST(ServerLimits, ConnectionsBeyondTheMostAreTold503) {
  const Server server({.most_connections = 2}, hello);
  {
    Client first(server.port()), second(server.port());
    for (Client* client : {&first, &second}) {
      client->send(get("/"));
      EXPECT_THAT(client->answer(), StartsWith("HTTP/1.1 200 "));
    }
    Client third(server.port());
    EXPECT_THAT(third.answer(), StartsWith("HTTP/1.1 503 "));
    EXPECT_EQ(third.rest(), "");
    EXPECT_TRUE(third.closed());
    first.send(get("/"));
    EXPECT_THAT(first.answer(), StartsWith("HTTP/1.1 200 "));
  }
  // The server sees only after a moment that they are gone.
  for (int attempt = 0; attempt < 1'000; ++attempt) {
    Client later(server.port());
    later.send(get("/"));
    if (later.answer().starts_with("HTTP/1.1 200 ")) return;
  }
  FAIL() << "closed connections still count";
}

TEST(ServerLimits, HundredsOfConnectionsBeyondTheMostDoNoHarm) {
  const Server server({.most_connections = 1}, hello);
  Client first(server.port());
  first.send(get("/"));
  first.answer();
  std::vector<std::unique_ptr<Client>> crowd;
  for (int i = 0; i < 200; ++i) crowd.push_back(std::make_unique<Client>(server.port()));
  first.send(get("/"));
  EXPECT_THAT(first.answer(), StartsWith("HTTP/1.1 200 "));
  crowd.back()->rest();
  EXPECT_TRUE(crowd.back()->closed());
}

TEST(ServerStop, AnswersWhatIsUnderWayAndClosesWhatIsIdle) {
  Holder holder;
  Server server({}, holder.handler());
  Client busy(server.port()), idle(server.port());
  busy.send(get("/"));
  const Reply reply = holder.next.get_future().get();
  auto stopped = std::async(std::launch::async, [&] { server.stop(milliseconds(10'000)); });
  EXPECT_EQ(idle.rest(), "");
  EXPECT_TRUE(idle.closed());
  EXPECT_EQ(stopped.wait_for(milliseconds(20)), std::future_status::timeout);
  reply({200, "text/plain", "the last"});
  const std::string answer = busy.rest();
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(answer, EndsWith("the last"));
}

TEST(ServerStop, AnswersARequestWhoseBodyIsStillComing) {
  Server server({}, hello);
  Client client(server.port());
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  client.read_until("\r\n\r\n");
  auto stopped = std::async(std::launch::async, [&] { server.stop(milliseconds(10'000)); });
  EXPECT_EQ(stopped.wait_for(milliseconds(20)), std::future_status::timeout);
  client.send("body");
  EXPECT_THAT(client.rest(), EndsWith("hello"));
}

TEST(ServerStop, GivesUpWhenPatienceEndsAndTakesALateReply) {
  Holder holder;
  Reply late;
  {
    Server server({}, holder.handler());
    Client client(server.port());
    client.send(get("/"));
    late = holder.next.get_future().get();
    server.stop(kShort);
    EXPECT_EQ(client.rest(), "");
    EXPECT_TRUE(client.closed());
    late({200, "text/plain", "nobody listens"});
  }
  late({200, "text/plain", "nobody is there"});
}

TEST(ServerStop, ALateReplyToAGoneConnectionIsNothing) {
  Holder holder;
  const Server server({}, holder.handler());
  {
    Client client(server.port());
    client.send(get("/"));
  }
  holder.next.get_future().get()({200, "text/plain", "nobody listens"});
}

TEST(ServerStop, LosesNoRequestOfManyThreadsOfTheServerAndItsClients) {
  std::atomic<int> answered{0}, unanswered{0};
  std::vector<std::thread> clients;
  {
    Server server({.threads = 2}, [](Request, const Reply& reply) {
      std::thread([reply] { reply({200, "text/plain", "from another thread"}); }).detach();
    });
    for (int i = 0; i < 8; ++i) {
      clients.emplace_back([&, port = server.port()] {
        Client client(port);
        for (int request = 0; request < 50; ++request) {
          if (!client.send(get("/"))) return;
          const std::string answer = client.answer();
          if (answer.empty()) return;  // closed between two requests
          ++(answer.ends_with("from another thread") ? answered : unanswered);
        }
      });
    }
    while (answered < 50) std::this_thread::yield();
    server.stop(milliseconds(10'000));
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(unanswered, 0);
}

}  // namespace
}  // namespace graft
