// How long a body may take.
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

TEST(Exchange, ReadTellsThatTheClientIsTooSlowAndTheAnswerIsHeard) {
  const House house(
      [&](const std::shared_ptr<Exchange>& exchange) {
        exchange->answer({400, "text/plain", problem(*exchange)});
      },
      {.body_timeout = kShort});
  Client client(house.server.port());
  client.send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf");
  EXPECT_THAT(client.rest(), EndsWith("RequestTimeout: the client sent too little of the body for too long"));
  EXPECT_TRUE(client.closed());
}

TEST(Exchange, ABodyMayTakeLongerThanItsPauses) {
  const House house(echo, {.body_timeout = 5 * kShort});
  for (const std::size_t piece : {250, 100'000}) {
    Client client(house.server.port());
    client.send(text("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: ", 12 * piece, "\r\n\r\n"));
    for (int i = 0; i < 12; ++i) {
      std::this_thread::sleep_for(kShort / 2);
      client.send(std::string(piece, 'x'));
    }
    EXPECT_THAT(client.answer(), HasSubstr(text("PUT / ", 12 * piece, " ", 12 * piece, "\nxxx")));
  }
}

// A thread waits for it.
class ExchangeDrip : public testing::TestWithParam<int> {};

TEST_P(ExchangeDrip, IsAskedForNoLonger) {
  std::promise<std::string> why;
  const House house(
      [&](const std::shared_ptr<Exchange>& exchange) {
        why.set_value(problem(*exchange));
        exchange->answer({400});
      },
      {.body_timeout = 2 * kShort});
  Client client(house.server.port());
  client.send(text("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: ", GetParam(), "\r\n\r\n"));
  auto told = why.get_future();
  for (int i = 0; i < 100 && told.wait_for(kShort / 4) != std::future_status::ready; ++i) client.send("x");
  ASSERT_EQ(told.wait_for(milliseconds(0)), std::future_status::ready);
  EXPECT_THAT(told.get(), HasSubstr("too little of the body"));
}

INSTANTIATE_TEST_SUITE_P(Bodies, ExchangeDrip, testing::Values(3'000, 3'000'000));

TEST(Exchange, TimeThatTheServerTakesIsNotTheClients) {
  const House house(
      [](const std::shared_ptr<Exchange>& exchange) {
        std::this_thread::sleep_for(6 * kShort);
        echo(exchange);
      },
      {.body_timeout = 3 * kShort});
  Client client(house.server.port());
  client.send(post(std::string(400'000, 'x')));
  EXPECT_THAT(client.answer(), HasSubstr("POST /p 400000"));
}

}  // namespace
}  // namespace graft::test
