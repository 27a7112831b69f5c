#include "http/server.h"

#include <gmock/gmock.h>

#include <future>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "http/test_client.h"

namespace graft {
namespace {

using std::chrono::milliseconds;
using test::Client;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// What it was asked: "POST /path 5\nbody".
void echo(const Request& request, const Reply& reply) {
  const std::string_view body = as_text(request.body);
  reply({200, "text/plain", text(request.method, " ", request.path, " ", body.size(), "\n", body.substr(0, 100))});
}

std::string get(const std::string& path, const std::string& more = "") {
  return "GET " + path + " HTTP/1.1\r\nHost: x\r\n" + more + "\r\n";
}

std::string post(const std::string& body, const std::string& more = "") {
  return text("POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: ", body.size(), "\r\n", more, "\r\n", body);
}

// The answer to `bytes` by a server of its own, up to the end of the connection, which the client does not end.
std::string ask(const std::string& bytes, ServerOptions options = {}) {
  const Server server(options, echo);
  Client client(server.port());
  client.send(bytes);
  return client.answer();
}

TEST(Server, AnswersOneRequestAfterTheOtherOnAConnection) {
  const Server server({}, echo);
  Client client(server.port());
  for (int i = 0; i < 3; ++i) {
    client.send(get(text("/", i)));
    const std::string answer = client.answer();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\nDate: "));
    EXPECT_THAT(answer, HasSubstr("Connection: keep-alive\r\n"));
    EXPECT_THAT(answer, EndsWith(text("GET /", i, " 0\n")));
  }
}

TEST(Server, AnswersPipelinedRequestsInOrderThoughTheFirstTakesLonger) {
  Reply first;
  std::promise<void> arrived;
  const Server server({}, [&](Request request, Reply reply) {
    if (request.path != "/first") return echo(request, reply);
    first = std::move(reply);
    arrived.set_value();
  });
  Client client(server.port());
  client.send(get("/first") + post("second") + get("/third"));
  arrived.get_future().wait();
  first({200, "text/plain", "late"});
  EXPECT_THAT(client.answer(), EndsWith("\r\n\r\nlate"));
  EXPECT_THAT(client.answer(), EndsWith("POST /p 6\nsecond"));
  EXPECT_THAT(client.answer(), EndsWith("GET /third 0\n"));
}

TEST(Server, ReadsABodyOfAnySizeAsItComes) {
  const std::string body(1'000'000, 'x');
  EXPECT_THAT(ask(post(body)), HasSubstr("POST /p 1000000\nxxx"));
}

TEST(Server, DecodesAChunkedBody) {
  const std::string head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_THAT(ask(head + "5;a=\"b\"\r\nhello\r\n006 \r\n world\r\n0\r\nTrailer: x\r\n\r\n"),
              EndsWith("/ 11\nhello world"));
  EXPECT_THAT(ask(head + "5\r\nhelloX"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(ask(head + "5\nhello"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(ask(head + "5;a\nb\r\nhello\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(ask(head + "-1\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(ask(head + "fffffffffffffffff\r\n"), StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(ask(head + "1;" + std::string(10'000, 'e')), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(ask(head + "5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n", {.most_body_bytes = 9}), StartsWith("HTTP/1.1 413 "));
}

TEST(Server, DecodesPathAndQuery) {
  Request got;
  const Server server({}, [&](Request request, const Reply& reply) {
    got = request;
    echo(request, reply);
  });
  Client client(server.port());
  client.send(get("/a%20b/..%2Fc?name=caf%C3%A9+x&empty&name=second", "X-One: 1\r\nx-one: 2\r\n"));
  client.answer();
  EXPECT_EQ(got.path, "/a b/../c");
  EXPECT_EQ(got.query, (std::map<std::string, std::string>{{"name", "café x"}, {"empty", ""}}));
  EXPECT_EQ(find_header(got.headers, "X-ONE"), "1");
  EXPECT_EQ(got.client, "127.0.0.1");
  client.send(get("http://host:80/proxied?x=1"));
  EXPECT_THAT(client.answer(), HasSubstr("GET /proxied 0"));
}

TEST(Server, RefusesTargetsThatCannotBeUnderstood) {
  for (const char* target : {"/%", "/%4", "/%zz", "/a%00b", "*", "relative", "host:80", "/a#b", "/?a=%g"}) {
    EXPECT_THAT(ask(get(target)), StartsWith("HTTP/1.1 400 ")) << target;
  }
}

TEST(Server, RefusesWhatTwoReadersCouldUnderstandDifferently) {
  const std::string line = "POST / HTTP/1.1\r\nHost: x\r\n";
  for (const std::string headers : {
           "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
           "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
           "Content-Length: 5, 6\r\n\r\nhello",
           "Content-Length: +5\r\n\r\nhello",
           "Content-Length: 5 5\r\n\r\nhello",
           "Content-Length: -1\r\n\r\n",
           "Content-Length: 99999999999999999999\r\n\r\n",
           "Content-Length:\r\n\r\n",
           "Content-Length : 5\r\n\r\nhello",
           "Content-Length: 5\n\nhello",
           "Content-Length: 5\r\n 0\r\n\r\nhello",
           "Content-Length: 5\r\r\n\r\nhello",
           "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           " X: folded\r\n\r\n",
           "X: a\x01"
           "b\r\n\r\n",
           "Host: second\r\n\r\n",
           ": no name\r\n\r\n",
           "no colon\r\n\r\n",
       }) {
    EXPECT_THAT(ask(line + headers), StartsWith("HTTP/1.1 400 ")) << headers;
  }
  EXPECT_THAT(ask(line + "Transfer-Encoding: gzip, chunked\r\n\r\n"), StartsWith("HTTP/1.1 501 "));
  EXPECT_THAT(ask(line + "Transfer-Encoding: xchunked\r\n\r\n"), StartsWith("HTTP/1.1 501 "));
  EXPECT_THAT(ask("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(ask("GET / HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(ask("GET / HTTP/2.0\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 505 "));
  EXPECT_THAT(ask("GET /\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
}

TEST(Server, RefusesWhatIsNoHttpAtItsFirstByte) {
  EXPECT_THAT(ask("\x16\x03\x01"), StartsWith("HTTP/1.1 400 "));
}

TEST(Server, ClosesAfterARefusalAndDoesNotReadOn) {
  const Server server({}, echo);
  Client client(server.port());
  client.send("BAD\r\n\r\n" + get("/hidden"));
  const std::string all = client.rest();
  EXPECT_TRUE(client.closed());
  EXPECT_THAT(all, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(all, Not(HasSubstr("hidden")));
}

TEST(Server, RefusesABodyThatIsTooLargeBeforeItIsSent) {
  const std::string head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n";
  EXPECT_THAT(ask(head + "\r\n", {.most_body_bytes = 10}), StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(ask(head + "Expect: 100-continue\r\n\r\n", {.most_body_bytes = 10}), StartsWith("HTTP/1.1 413 "));
}

TEST(Server, RefusesHeadersThatAreTooLarge) {
  EXPECT_THAT(ask(get("/", "X: " + std::string(2'000, 'x') + "\r\n"), {.most_header_bytes = 1'000}),
              StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(ask("GET /" + std::string(2'000, 'x'), {.most_header_bytes = 1'000}), StartsWith("HTTP/1.1 431 "));
}

TEST(Server, SaysContinueOnlyWhenTheBodyIsWanted) {
  const Server server({}, echo);
  Client client(server.port());
  client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-Continue\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("hello");
  EXPECT_THAT(client.answer(), EndsWith("/ 5\nhello"));
  EXPECT_THAT(ask(post("x", "Expect: tea\r\n")), StartsWith("HTTP/1.1 417 "));
}

TEST(Server, TakesNoMoreThanItsShareOfUnreadBodies) {
  const Server server({.most_unread_bytes = 1'000}, echo);
  for (int i = 0; i < 3; ++i) {
    Client client(server.port());
    client.send(post(std::string(900, 'x')));
    EXPECT_THAT(client.answer(), StartsWith("HTTP/1.1 200 "));
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\n" + std::string(1'500, 'x'));
    EXPECT_THAT(client.answer(), StartsWith("HTTP/1.1 503 "));
  }
}

TEST(Server, AnswersHeadWithoutABody) {
  const Server server({}, echo);
  Client client(server.port());
  client.send("HEAD /h HTTP/1.1\r\nHost: x\r\n\r\n" + get("/g"));
  EXPECT_THAT(client.read_until("\r\n\r\n"), HasSubstr("Content-Length: 10\r\n"));
  EXPECT_THAT(client.answer(), EndsWith("GET /g 0\n"));
}

TEST(Server, SendsNoBodyWhereTheStatusHasNone) {
  const Server server({}, [](const Request& request, const Reply& reply) {
    reply({request.path == "/none" ? 204 : 200, "text/plain", "body"});
  });
  Client client(server.port());
  client.send(get("/none") + get("/some"));
  EXPECT_THAT(client.read_until("\r\n\r\n"), Not(HasSubstr("Content-Length")));
  EXPECT_THAT(client.answer(), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST(Server, ClosesWhenTheClientWantsNoMore) {
  const Server server({}, echo);
  for (const std::string& request : {get("/", "Connection: close\r\n"), std::string("GET / HTTP/1.0\r\n\r\n")}) {
    Client client(server.port());
    client.send(request);
    EXPECT_THAT(client.rest(), HasSubstr("Connection: close\r\n"));
    EXPECT_TRUE(client.closed());
  }
}

TEST(Server, AnswersAClientThatSendsNoMoreButReads) {
  const Server server({}, echo);
  Client client(server.port());
  client.send(get("/half"));
  client.end();
  EXPECT_THAT(client.rest(), EndsWith("GET /half 0\n"));
}

TEST(Server, TellsWhatAHandlerThrew) {
  const Server server({}, [](const Request& request, const Reply&) {
    if (request.path == "/known") fail(Kind::not_found, "there is no \"known\"\xff");
    throw std::runtime_error("a secret of the house");
  });
  Client client(server.port());
  client.send(get("/known") + get("/unknown"));
  const std::string known = client.answer(), unknown = client.answer();
  EXPECT_THAT(known, StartsWith("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_THAT(known, EndsWith("{\"error\":\"there is no \\\"known\\\"\uFFFD\"}\n"));
  EXPECT_THAT(unknown, StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(unknown, Not(HasSubstr("secret")));
}

TEST(Server, TellsTheClientWhenARequestIsLost) {
  const Server server({}, [](const Request&, const Reply&) {});
  Client client(server.port());
  client.send(get("/"));
  EXPECT_THAT(client.answer(), StartsWith("HTTP/1.1 500 "));
}

TEST(Server, SendsNoHeadersOfTheClientsMaking) {
  const Server server({}, [](const Request&, const Reply& reply) {
    reply({200, "text/plain", "x", {{"X-Echo", "a\r\nSet-Cookie: b"}}});
    reply({200, "text/plain", "the second answer does not count"});
  });
  Client client(server.port());
  client.send(get("/"));
  const std::string answer = client.answer();
  EXPECT_THAT(answer, HasSubstr("X-Echo: a  Set-Cookie: b\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\nx"));
}

TEST(Server, RefusesAnAddressInUseAndSaysWhich) {
  const Server server({}, echo);
  try {
    const Server second({.port = server.port()}, echo);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Kind::unavailable);
    EXPECT_EQ(std::string(error.what()),
              text("cannot listen on 127.0.0.1 port ", server.port(), ": Address already in use"));
  }
}

}  // namespace
}  // namespace graft
