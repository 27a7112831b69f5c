#include "infer/streams.h"

#include <gmock/gmock.h>
#include <sched.h>

#include <atomic>
#include <map>
#include <mutex>
#include <set>

#include "base/error.h"
#include "base/thread_pool.h"

namespace graft {
namespace {

TEST(Streams, EveryPartRunsOnce) {
  Streams streams(3);
  std::vector<std::atomic<int>> runs(100);
  streams.run(runs.size(), [&](std::size_t stream, std::size_t i) {
    EXPECT_LT(stream, 3u);
    ++runs[i];
  });
  for (const std::atomic<int>& count : runs) EXPECT_EQ(count, 1);
}

TEST(Streams, TheFirstErrorEndsTheJobAndNoOther) {
  Streams streams(2);
  std::atomic<int> begun = 0;
  EXPECT_THROW(streams.run(1000,
                           [&](std::size_t, std::size_t) {
                             ++begun;
                             fail(Kind::invalid, "no");
                           }),
               Error);
  EXPECT_LE(begun, 2);
  std::atomic<int> after = 0;
  streams.run(5, [&](std::size_t, std::size_t) { ++after; });
  EXPECT_EQ(after, 5);
}

TEST(Streams, ManyCallersAreServed) {
  Streams streams(2);
  std::atomic<int> done = 0;
  {
    std::vector<std::jthread> callers;
    for (int caller = 0; caller < 8; ++caller) {
      callers.emplace_back([&] {
        for (int i = 0; i < 50; ++i) streams.run(3, [&](std::size_t, std::size_t) { ++done; });
      });
    }
  }
  EXPECT_EQ(done, 8 * 50 * 3);
}

TEST(Streams, AStreamForEachCoreStaysOnIt) {
  const auto cores = static_cast<int>(available_cores());
  cpu_set_t all;
  CPU_ZERO(&all);
  ASSERT_EQ(::sched_getaffinity(0, sizeof all, &all), 0);
  if (cores < 2 || CPU_COUNT(&all) != cores) GTEST_SKIP() << "this process may not use several whole cores";
  Streams streams(cores);
  std::mutex mutex;
  std::map<std::size_t, std::set<int>> used;
  streams.run(200, [&](std::size_t stream, std::size_t) {
    const std::lock_guard lock(mutex);
    used[stream].insert(::sched_getcpu());
  });
  for (const auto& [stream, where] : used) EXPECT_EQ(where.size(), 1u) << stream;
}

}  // namespace
}  // namespace graft
