#include "serve/batcher.h"

#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <latch>

#include "base/error.h"

namespace graft {
namespace {

using namespace std::chrono_literals;

// A picture of one pixel, of which a batch "computes" twice the red.
Image pixel(int red) {
  return {1, 1, {static_cast<std::uint8_t>(red), 0, 0}};
}

void double_red(std::span<const Image> pictures, std::span<float> outputs) {
  for (std::size_t i = 0; i < pictures.size(); ++i) outputs[i] = 2.0f * pictures[i].pixels[0];
}

// The output of one picture, or what its batch threw.
std::future<float> submit(Batcher& batcher, int red) {
  auto promise = std::make_shared<std::promise<float>>();
  batcher.submit(pixel(red), [promise](std::span<const float> output, std::exception_ptr error) {
    error ? promise->set_exception(error) : promise->set_value(output[0]);
  });
  return promise->get_future();
}

TEST(Batcher, EachPictureGetsItsOwnAnswerWhicheverThreadBroughtIt) {
  Batcher batcher({.most = 4, .output_length = 1}, double_red);
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&batcher, thread] {
      for (int i = 0; i < 30; ++i) EXPECT_EQ(submit(batcher, thread * 30 + i).get(), 2.0f * (thread * 30 + i));
    });
  }
}

TEST(Batcher, PicturesOfManyThreadsAreJoinedAsSoonAsABatchIsFull) {
  std::vector<std::size_t> sizes;
  std::vector<std::future<float>> answers(6);
  {
    std::mutex mutex;
    Batcher batcher({.most = 3, .delay = 10min, .output_length = 1}, [&](auto pictures, auto outputs) {
      const std::lock_guard lock(mutex);
      sizes.push_back(pictures.size());
      double_red(pictures, outputs);
    });
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < 6; ++i) {
      threads.emplace_back([&, i] { answers[i] = submit(batcher, static_cast<int>(i)); });
    }
    threads.clear();
    for (auto& answer : answers) answer.wait();
  }
  EXPECT_THAT(sizes, testing::ElementsAre(3, 3));
}

TEST(Batcher, WhatWaitsWhileAllIsBusyIsTheNextBatch) {
  std::vector<std::size_t> sizes;
  std::mutex mutex;
  std::atomic<int> begun = 0;
  std::latch go(1);
  Batcher batcher({.most = 8, .output_length = 1}, [&](auto pictures, auto outputs) {
    {
      const std::lock_guard lock(mutex);
      sizes.push_back(pictures.size());
    }
    ++begun;
    begun.notify_all();
    go.wait();
    double_red(pictures, outputs);
  });
  std::vector<std::future<float>> answers;
  for (int i = 0; i < 2; ++i) {
    answers.push_back(submit(batcher, i));
    begun.wait(i);
  }
  for (int i = 0; i < 5; ++i) answers.push_back(submit(batcher, i));
  go.count_down();
  for (auto& answer : answers) answer.wait();
  EXPECT_THAT(sizes, testing::ElementsAre(1, 1, 5));
}

TEST(Batcher, NobodyWaitsLongerForOthersThanTheDelayHoweverManyComeBehind) {
  constexpr auto kDelay = 30ms;
  std::mutex mutex;
  BatchTimes all;
  std::vector<std::future<float>> answers;
  {
    Batcher batcher({.most = 100000,
                     .delay = kDelay,
                     .output_length = 1,
                     .observe =
                         [&](const BatchTimes& times) {
                           const std::lock_guard lock(mutex);
                           all.waited.insert(all.waited.end(), times.waited.begin(), times.waited.end());
                         }},
                    double_red);
    const auto until = std::chrono::steady_clock::now() + 5 * kDelay;
    while (std::chrono::steady_clock::now() < until) {
      answers.push_back(submit(batcher, 1));
      std::this_thread::yield();
    }
    for (auto& answer : answers) answer.wait();
  }
  ASSERT_EQ(all.waited.size(), answers.size());
  // If every arrival began the wait anew, the first would wait for all of them.
  EXPECT_LT(std::ranges::max(all.waited), 3 * kDelay);
  EXPECT_GE(std::ranges::max(all.waited), kDelay / 2);
}

TEST(Batcher, AnExceptionOfABatchReachesAllItsPicturesAndNoOther) {
  Batcher batcher({.most = 3, .delay = 10min, .output_length = 1}, [](auto pictures, auto outputs) {
    require(pictures[0].pixels[0] != 7, "out of order");
    double_red(pictures, outputs);
  });
  std::vector<std::future<float>> failed, fine;
  for (const int red : {7, 8, 9}) failed.push_back(submit(batcher, red));
  for (auto& answer : failed) EXPECT_THROW(answer.get(), Error);
  for (const int red : {1, 2, 3}) fine.push_back(submit(batcher, red));
  EXPECT_EQ(fine[2].get(), 6.0f);
}

TEST(Batcher, WhatNobodyWaitsForIsNotComputed) {
  std::atomic<std::size_t> computed = 0;
  const auto dropped = std::make_shared<std::atomic<bool>>(true);
  std::future<float> wanted;
  std::exception_ptr unwanted;
  {
    Batcher batcher({.most = 100, .delay = 10min, .output_length = 1}, [&](auto pictures, auto outputs) {
      computed += pictures.size();
      double_red(pictures, outputs);
    });
    batcher.submit(
        pixel(3), [&](std::span<const float>, std::exception_ptr error) { unwanted = error; }, dropped);
    wanted = submit(batcher, 4);
  }
  EXPECT_EQ(wanted.get(), 8.0f);
  EXPECT_EQ(computed, 1u);
  EXPECT_TRUE(unwanted);
}

TEST(Batcher, WhatWaitsIsAnsweredBeforeItEnds) {
  std::future<float> answer;
  {
    Batcher batcher({.most = 100, .delay = 10min, .output_length = 1}, double_red);
    answer = submit(batcher, 4);
  }
  ASSERT_EQ(answer.wait_for(0s), std::future_status::ready);
  EXPECT_EQ(answer.get(), 8.0f);
}

}  // namespace
}  // namespace graft
