#include "control/strangers.h"

#include <gmock/gmock.h>

#include "base/error.h"

namespace graft {
namespace {

// Whether a call gets in, and leaves again.
bool comes(Strangers& strangers, const std::string& address, double now) {
  try {
    const Strangers::Visit visit(strangers, address, now);
    return true;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Kind::unavailable);
    return false;
  }
}

TEST(Strangers, ComeAsOftenAsASecondLetsAndAfterARest) {
  Strangers strangers({.each_second = 2, .at_once = 3});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(comes(strangers, "1.2.3.4", 100)) << i;
  EXPECT_FALSE(comes(strangers, "1.2.3.4", 100));
  EXPECT_TRUE(comes(strangers, "4.3.2.1", 100));
  EXPECT_TRUE(comes(strangers, "1.2.3.4", 100.5));
  EXPECT_FALSE(comes(strangers, "1.2.3.4", 100.5));
  EXPECT_FALSE(comes(strangers, "1.2.3.4", 50));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(comes(strangers, "1.2.3.4", 1000)) << i;
  EXPECT_FALSE(comes(strangers, "1.2.3.4", 1000));
}

TEST(Strangers, DoNotTakeAllPlaces) {
  Strangers strangers({.together = 1});
  {
    const Strangers::Visit visit(strangers, "1.2.3.4", 100);
    EXPECT_FALSE(comes(strangers, "4.3.2.1", 100));
  }
  EXPECT_TRUE(comes(strangers, "4.3.2.1", 100));
}

TEST(Strangers, AreForgottenWhenTheyHaveRested) {
  Strangers strangers({.each_second = 1, .at_once = 1, .most_addresses = 1});
  EXPECT_TRUE(comes(strangers, "1.2.3.4", 100));
  EXPECT_FALSE(comes(strangers, "4.3.2.1", 100));
  EXPECT_TRUE(comes(strangers, "4.3.2.1", 101));
}

}  // namespace
}  // namespace graft
