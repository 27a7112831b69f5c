// Requests whose bodies are read by threads that wait.
#include "http/exchange.h"

#include <gmock/gmock.h>

#include <future>
#include <thread>

#include "http/exchange_testing.h"
#include "http/test_client.h"

namespace graft::test {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

TEST(Exchange, ReadsBodiesOfAllFramings) {
  const House house(echo);
  Client client(house.server.port());
  client.send(get("/a%20b?c=%2B+"));
  EXPECT_THAT(client.answer(), EndsWith("GET /a%20b?c=%2B+ 0 0\n"));
  client.send(post("hello"));
  EXPECT_THAT(client.answer(), EndsWith("POST /p 5 5\nhello"));
  client.send("PUT /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n");
  EXPECT_THAT(client.answer(), EndsWith("PUT /c 6 chunks\nonetwo"));
  client.send("DELETE /d HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_THAT(client.answer(), EndsWith("DELETE /d 0 0\n"));
  client.send("OPTIONS /o HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string answer = client.answer();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Connection: keep-alive\r\n"));
}

TEST(Exchange, ReadsTheSameWhereverTheBytesAreCut) {
  const House house(echo);
  const std::string bytes = post("hello") + "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" +
                            "2;e\r\nhi\r\n0\r\nT: x\r\n\r\n" + get("/end");
  Client client(house.server.port());
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    client.send(bytes.substr(0, cut));
    std::this_thread::yield();
    client.send(bytes.substr(cut));
    ASSERT_THAT(client.answer(), EndsWith("POST /p 5 5\nhello")) << cut;
    ASSERT_THAT(client.answer(), EndsWith("POST /c 2 chunks\nhi")) << cut;
    ASSERT_THAT(client.answer(), EndsWith("GET /end 0 0\n")) << cut;
  }
}

TEST(Exchange, ReadsNoFurtherAheadThanAPipeHolds) {
  constexpr std::size_t kSize = 64 << 20;
  std::promise<void> go;
  const House house([&](const std::shared_ptr<Exchange>& exchange) {
    go.get_future().wait();
    echo(exchange);
  });
  Client client(house.server.port());
  std::atomic<std::size_t> sent{0};
  std::thread sender([&] {
    client.send(text("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: ", kSize, "\r\n\r\n"));
    const std::string piece(1 << 20, 'x');
    while (sent < kSize && client.send(piece)) sent += piece.size();
  });
  // What is sent now is in the sockets' buffers: wait until it goes no further.
  for (std::size_t before = 1; before != sent;) {
    before = sent;
    std::this_thread::sleep_for(2 * kShort);
  }
  EXPECT_LT(sent, kSize / 2);
  go.set_value();
  EXPECT_THAT(client.answer(), HasSubstr(text("PUT / ", kSize, " ", kSize, "\nxxx")));
  sender.join();
}

TEST(Exchange, SaysContinueWhenTheBodyIsRead) {
  std::promise<void> go;
  const House house([&](const std::shared_ptr<Exchange>& exchange) {
    go.get_future().wait();
    echo(exchange);
  });
  Client client(house.server.port());
  client.send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_FALSE(client.readable_within(kShort));
  go.set_value();
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("hello");
  EXPECT_THAT(client.answer(), EndsWith("PUT / 5 5\nhello"));
}

TEST(Exchange, AnAnswerInPlaceOfContinueEndsTheConnection) {
  const House house([](const std::shared_ptr<Exchange>& exchange) { exchange->answer({403, "text/plain", "no"}); });
  Client client(house.server.port());
  client.send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  const std::string all = client.rest();
  EXPECT_THAT(all, StartsWith("HTTP/1.1 403 "));
  EXPECT_THAT(all, HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(client.closed());
}

TEST(Exchange, AnEarlyAnswerThrowsAwayALittleAndKeepsTheConnection) {
  const House house([](const std::shared_ptr<Exchange>& exchange) { exchange->answer({403, "text/plain", "no"}); });
  Client client(house.server.port());
  const std::string body(200'000, 'x');
  for (int i = 0; i < 3; ++i) {
    client.send(post(body));
    const std::string answer = client.answer();
    EXPECT_THAT(answer, HasSubstr("Connection: keep-alive\r\n"));
    EXPECT_THAT(answer, EndsWith("\r\n\r\nno"));
  }
  client.send("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + get("/"));
  EXPECT_THAT(client.answer(), EndsWith("no"));
  EXPECT_THAT(client.answer(), EndsWith("no"));
}

TEST(Exchange, AnEarlyAnswerToMuchOrToWhatDoesNotComeEndsTheConnection) {
  const House house([](const std::shared_ptr<Exchange>& exchange) { exchange->answer({403, "text/plain", "no"}); });
  const std::string head = "POST / HTTP/1.1\r\nHost: x\r\n";
  for (const std::string& request :
       {head + "Content-Length: 1000000\r\n\r\n", head + "Content-Length: 5\r\n\r\nhell",
        head + "Transfer-Encoding: chunked\r\n\r\n100000\r\n" + std::string(300'000, 'x')}) {
    Client client(house.server.port());
    client.send(request);
    EXPECT_THAT(client.rest(), HasSubstr("Connection: close\r\n"));
    EXPECT_TRUE(client.closed());
  }
}

// Its end is read by the thread that uses it.
TEST(Exchange, ALongBodyLeavesTheNextRequestWhereItIs) {
  const House house(echo);
  Client client(house.server.port());
  for (const std::size_t size : {300'000, 1'000'000, 5'000'000}) {
    std::thread sender([&] { client.send(post(std::string(size, 'x')) + get("/next") + post("hello")); });
    EXPECT_THAT(client.answer(), HasSubstr(text("POST /p ", size, " ", size, "\nxxx"))) << size;
    EXPECT_THAT(client.answer(), EndsWith("GET /next 0 0\n")) << size;
    EXPECT_THAT(client.answer(), EndsWith("\nhello")) << size;
    sender.join();
  }
}

TEST(Exchange, AnAnswerWithinALongBodyKeepsTheConnectionWhereLittleIsLeft) {
  constexpr std::size_t kSize = 4'000'000;
  for (const std::size_t unread : {1'000'000, 100'000, 1, 0}) {
    const House house([&](const std::shared_ptr<Exchange>& exchange) {
      Bytes room(kSize - unread);
      for (std::size_t got = 0; got < room.size();) got += exchange->read(std::span(room).subspan(got));
      exchange->answer({403, "text/plain", "no"});
    });
    Client client(house.server.port());
    std::thread sender([&] { client.send(post(std::string(kSize, 'x'))); });
    const std::string answer = client.answer();
    EXPECT_THAT(answer, EndsWith("\r\n\r\nno")) << unread;
    EXPECT_THAT(answer, HasSubstr(unread > 500'000 ? "Connection: close\r\n" : "Connection: keep-alive\r\n")) << unread;
    sender.join();
  }
}

TEST(Exchange, PipelinedRequestsAreAnsweredInOrder) {
  const House house(echo);
  Client client(house.server.port());
  std::string all;
  for (int i = 0; i < 50; ++i) all += post(text("body ", i)) + get(text("/", i));
  client.send(all);
  for (int i = 0; i < 50; ++i) {
    EXPECT_THAT(client.answer(), EndsWith(text("\nbody ", i)));
    EXPECT_THAT(client.answer(), EndsWith(text("GET /", i, " 0 0\n")));
  }
}

TEST(Exchange, ReadTellsThatTheClientIsGone) {
  std::promise<std::string> told;
  const House house([&](const std::shared_ptr<Exchange>& exchange) { told.set_value(problem(*exchange)); });
  {
    Client client(house.server.port());
    client.send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf");
  }
  EXPECT_EQ(told.get_future().get(), "IncompleteBody: the client ended the connection before it had sent the body");
}

TEST(Exchange, ReadTellsThatTheClientIsGoneWithinALongBody) {
  std::promise<std::string> told;
  const House house([&](const std::shared_ptr<Exchange>& exchange) { told.set_value(problem(*exchange)); });
  {
    Client client(house.server.port());
    client.send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + std::string(500'000, 'x'));
  }
  EXPECT_THAT(told.get_future().get(), StartsWith("IncompleteBody"));
}

TEST(Exchange, ReadTellsOfChunksThatAreNone) {
  std::promise<void> arrived;
  const House house([&](const std::shared_ptr<Exchange>& exchange) {
    arrived.set_value();
    exchange->answer({400, "text/plain", problem(*exchange)});
  });
  Client client(house.server.port());
  client.send("PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n");
  arrived.get_future().wait();
  client.send("helloX");
  EXPECT_THAT(client.rest(), EndsWith("InvalidRequest: the chunks of the body are not framed as HTTP asks"));
}

TEST(Exchange, ABodyOfMoreThanIsTakenIsTooLarge) {
  const House house([](const std::shared_ptr<Exchange>& exchange) { read_all(*exchange, 4); });
  Client client(house.server.port());
  client.send(post("four"));
  EXPECT_THAT(client.answer(), StartsWith("HTTP/1.1 500 "));  // it was read, and nobody answered
  for (const std::string framing :
       {"Content-Length: 5\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"}) {
    client.send("POST / HTTP/1.1\r\nHost: x\r\n" + framing);
    const std::string answer = client.answer();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 "));
    EXPECT_THAT(answer, HasSubstr("a body may have 4 bytes"));
  }
}

TEST(Exchange, WhatIsThrownIsAnswered) {
  const House house([](const std::shared_ptr<Exchange>&) { fail(Kind::not_found, "there is no such thing"); });
  const Server direct({}, [](const std::shared_ptr<Exchange>&) { fail(Kind::denied, "not for you"); });
  Client client(house.server.port()), other(direct.port());
  client.send(get("/"));
  other.send(get("/"));
  EXPECT_THAT(client.answer(), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(other.answer(), StartsWith("HTTP/1.1 403 "));
}

TEST(Exchange, TheFirstAnswerCounts) {
  const House house([](const std::shared_ptr<Exchange>& exchange) {
    exchange->answer({200, "text/plain", "one"});
    exchange->answer({200, "text/plain", "two"});
  });
  Client client(house.server.port());
  client.send(get("/") + get("/"));
  EXPECT_THAT(client.answer(), EndsWith("one"));
  EXPECT_THAT(client.answer(), EndsWith("one"));
}

// Whether it comes to be so.
bool becomes_abandoned(const Request& request) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!abandoned(request) && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  return abandoned(request);
}

TEST(Exchange, KnowsWhetherTheClientHungUp) {
  std::promise<void> arrived;
  std::promise<bool> seen;
  const House house([&](const std::shared_ptr<Exchange>& exchange) {
    read_all(*exchange, 100);
    EXPECT_FALSE(abandoned(exchange->request()));
    arrived.set_value();
    seen.set_value(becomes_abandoned(exchange->request()));
  });
  {
    Client client(house.server.port());
    client.send(post("hello"));
    arrived.get_future().wait();
  }
  EXPECT_TRUE(seen.get_future().get());
}

TEST(Server, KnowsWhetherTheClientHungUpAndAnswersOneThatOnlyEndsItsSide) {
  std::promise<std::pair<Request, Reply>> arrived;
  const Server server({}, [&](Request request, Reply reply) { arrived.set_value({std::move(request), reply}); });
  Client client(server.port());
  client.send(get("/"));
  const auto [request, reply] = arrived.get_future().get();
  EXPECT_FALSE(abandoned(request));
  client.end();
  EXPECT_TRUE(becomes_abandoned(request));
  reply({200, "text/plain", "still"});
  EXPECT_THAT(client.answer(), EndsWith("still"));
}

TEST(Exchange, AHundredClientsAtOnce) {
  const House house(echo, {.threads = 2});
  std::atomic<int> right{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 100; ++i) {
    clients.emplace_back([&, i] {
      Client client(house.server.port());
      for (int request = 0; request < 5; ++request) {
        const std::string body(static_cast<std::size_t>(i * 10'000 + request), 'x');
        client.send(post(body));
        right += client.answer().find(text("POST /p ", body.size(), " ", body.size())) != std::string::npos;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(right, 500);
}

class ExchangeStop : public testing::TestWithParam<int> {};

TEST_P(ExchangeStop, LetsWhatIsUnderWayEndAndThenTellsIt) {
  const int length = GetParam();
  std::promise<void> arrived;
  std::promise<std::string> told;
  Workers workers;
  Server server({}, on_workers(workers, [&](const std::shared_ptr<Exchange>& exchange) {
                  if (exchange->request().path == "/quick") return echo(exchange);
                  arrived.set_value();
                  told.set_value(problem(*exchange));
                }));
  Client quick(server.port()), slow(server.port());
  quick.send("PUT /quick HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhell");
  slow.send(text("PUT /slow HTTP/1.1\r\nHost: x\r\nContent-Length: ", length, "\r\n\r\nhell"));
  arrived.get_future().wait();
  auto stopped = std::async(std::launch::async, [&] { server.stop(3 * kShort); });
  quick.send("o");
  EXPECT_THAT(quick.rest(), EndsWith("PUT /quick 5 5\nhello"));
  EXPECT_THAT(told.get_future().get(), StartsWith("IncompleteBody"));
  stopped.wait();
}

INSTANTIATE_TEST_SUITE_P(Bodies, ExchangeStop, testing::Values(5, 1'000'000));

}  // namespace
}  // namespace graft::test
