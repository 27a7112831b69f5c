#include "serve/disposal.h"

#include <gtest/gtest.h>

#include <future>

namespace graft {
namespace {

struct Noted {
  std::promise<std::thread::id>* ended;
  ~Noted() { ended->set_value(std::this_thread::get_id()); }
};

TEST(Disposal, AValueEndsOnItsThreadWhenTheLastUserLetsGo) {
  Disposal disposal;
  std::promise<std::thread::id> ended;
  auto future = ended.get_future();
  auto first = disposal.keep(std::unique_ptr<Noted>(new Noted{&ended}));
  auto second = first;
  first.reset();
  EXPECT_EQ(future.wait_for(std::chrono::milliseconds(0)), std::future_status::timeout);
  second.reset();
  EXPECT_NE(future.get(), std::this_thread::get_id());
}

TEST(Disposal, WhatIsLetGoOfAfterItEndsAtOnce) {
  std::promise<std::thread::id> ended;
  std::shared_ptr<const Noted> value;
  {
    Disposal disposal;
    value = disposal.keep(std::unique_ptr<Noted>(new Noted{&ended}));
  }
  value.reset();
  EXPECT_EQ(ended.get_future().get(), std::this_thread::get_id());
}

}  // namespace
}  // namespace graft
