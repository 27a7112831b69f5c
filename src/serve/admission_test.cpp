#include "serve/admission.h"

#include <gtest/gtest.h>

namespace graft {
namespace {

TEST(Admission, IsFullWhenAllPicturesAreTakenAndNotAfterOneLeft) {
  Admission admission(2, 1000);
  auto first = admission.enter(10), second = admission.enter(10);
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(admission.enter(10));
  second.reset();
  EXPECT_EQ(admission.pictures(), 1u);
  EXPECT_TRUE(admission.enter(10));
}

TEST(Admission, BytesAreBoundedButForOneThatIsAlone) {
  Admission admission(10, 100);
  auto large = admission.enter(150);
  ASSERT_TRUE(large);
  EXPECT_FALSE(admission.enter(1));
  large.reset();
  EXPECT_TRUE(admission.enter(1));
}

TEST(Admission, WhatARequestFetchesCountsToo) {
  Admission admission(10, 100);
  auto one = admission.enter(10), other = admission.enter(10);
  EXPECT_TRUE(one->hold(80));
  EXPECT_FALSE(other->hold(1));
  one.reset();
  EXPECT_TRUE(other->hold(1));
}

TEST(Admission, ARequestOfManyPicturesTakesTheirRoomOrIsRefused) {
  Admission admission(8, 1000);
  auto one = admission.enter(1), many = admission.enter(1);
  EXPECT_FALSE(many->grow(8));
  EXPECT_TRUE(many->grow(7));
  EXPECT_EQ(admission.pictures(), 8u);
  EXPECT_FALSE(admission.enter(1));
  many.reset();
  EXPECT_EQ(admission.pictures(), 1u);
}

TEST(Admission, RoomThatWasGivenBackIsTheNextOnes) {
  Admission admission(1, 1000);
  auto answered = admission.enter(1);
  EXPECT_FALSE(admission.enter(1));
  answered->give_back();
  EXPECT_TRUE(admission.enter(1));
  EXPECT_EQ(admission.pictures(), 0u);
  answered.reset();
  admission.wait_until_empty();
}

TEST(Admission, OneRequestThatIsLargerThanAllRoomIsServedAlone) {
  Admission admission(8, 1000);
  auto many = admission.enter(1);
  EXPECT_TRUE(many->grow(64));
  EXPECT_FALSE(admission.enter(1));
  many.reset();
  EXPECT_EQ(admission.pictures(), 0u);
}

}  // namespace
}  // namespace graft
