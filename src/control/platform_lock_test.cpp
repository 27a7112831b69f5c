#include "control/platform_lock.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

namespace graft {
namespace {

TEST(PlatformLock, LetsOnePlatformUseAFolderAndOthersSeeWhich) {
  const TemporaryFolder folder;
  EXPECT_FALSE(find_platform(folder.path() / "none"));
  EXPECT_FALSE(find_platform(folder.path()));
  {
    PlatformLock lock(folder.path());
    EXPECT_EQ(find_platform(folder.path())->pid, ::getpid());
    lock.listens("https://graft.example:9000", "http://127.0.0.1:9001");
    EXPECT_EQ(find_platform(folder.path())->url, "https://graft.example:9000");
    EXPECT_EQ(find_platform(folder.path())->local_url, "http://127.0.0.1:9001");
    try {
      const PlatformLock second(folder.path());
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), Kind::conflict);
      EXPECT_THAT(error.what(), testing::AllOf(testing::HasSubstr(folder.path().string()),
                                               testing::HasSubstr("https://graft.example:9000")));
    }
  }
  EXPECT_FALSE(find_platform(folder.path()));
  const PlatformLock again(folder.path());
}

}  // namespace
}  // namespace graft
