#include "http/workers.h"

#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <thread>

#include "http/server.h"
#include "http/test_client.h"

namespace graft {
namespace {

using std::chrono::milliseconds;
using test::Client;
using testing::HasSubstr;
using testing::StartsWith;

TEST(Workers, MakesAsManyThreadsAsThereIsWorkUpToItsMost) {
  Workers workers(3);
  std::promise<void> end;
  const auto over = end.get_future().share();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(workers.start([over] { over.wait(); }));
  EXPECT_FALSE(workers.start([] {}));
  end.set_value();
  while (!workers.start([] {})) std::this_thread::yield();
}

TEST(Workers, IdleThreadsEndAndOthersTakeTheirPlace) {
  Workers workers(2, milliseconds(1));
  for (int i = 0; i < 20; ++i) {
    std::promise<void> done;
    EXPECT_TRUE(workers.start([&] { done.set_value(); }));
    done.get_future().wait();
    std::this_thread::sleep_for(milliseconds(i % 4));
  }
}

TEST(Workers, WaitForWhatRunsBeforeTheyEnd) {
  std::atomic<int> ran{0};
  {
    Workers workers;
    for (int i = 0; i < 20; ++i) {
      workers.start([&] {
        std::this_thread::sleep_for(milliseconds(5));
        ++ran;
      });
    }
  }
  EXPECT_EQ(ran, 20);
}

TEST(Workers, ARequestTooManyIsToldToSlowDown) {
  std::promise<void> arrived, go;
  Workers workers(1);
  const Server server({}, on_workers(workers, [&](const std::shared_ptr<Exchange>& exchange) {
                        arrived.set_value();
                        go.get_future().wait();
                        exchange->answer({200, "text/plain", ""});
                      }));
  Client first(server.port()), second(server.port());
  first.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  arrived.get_future().wait();
  second.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string busy = second.answer();
  EXPECT_THAT(busy, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(busy, HasSubstr("Retry-After: 1\r\n"));
  EXPECT_THAT(busy, HasSubstr("SlowDown"));
  go.set_value();
  EXPECT_THAT(first.answer(), StartsWith("HTTP/1.1 200 "));
}

}  // namespace
}  // namespace graft
