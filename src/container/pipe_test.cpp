#include "container/pipe.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>
#include <thread>

#include "base/error.h"
#include "base/file.h"

namespace graft {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

class Pipe : public testing::Test {
 protected:
  void make() const { ASSERT_EQ(::mkfifo(fifo().c_str(), 0600), 0); }
  std::filesystem::path fifo() const { return folder_.path() / "train_0"; }
  std::filesystem::path file() const { return folder_.path() / "spool"; }
  // Writes through the FIFO as another process would, while this one reads.
  std::string spooled(const std::string& content) const {
    const std::jthread writer([&] { std::ofstream(fifo()) << content; });
    spool_pipe(fifo(), file());
    return read_text(file());
  }

  TemporaryFolder folder_;
};

TEST_F(Pipe, IsReadToItsEnd) {
  make();
  const std::string much(3'000'000, 'x');
  EXPECT_EQ(spooled(much), much);
}

TEST_F(Pipe, MustBeOneAndBringSomething) {
  write_file(fifo(), "a file");
  EXPECT_THAT([&] { spool_pipe(fifo(), file()); }, ThrowsMessage<Error>(HasSubstr("Pipe mode reads a FIFO")));
  std::filesystem::remove(fifo());
  make();
  EXPECT_THAT([&] { spooled(""); }, ThrowsMessage<Error>(HasSubstr("nothing came through the FIFO")));
}

TEST_F(Pipe, IsNotWaitedForEver) {
  const std::chrono::milliseconds none(1);
  EXPECT_THAT([&] { spool_pipe(fifo(), file(), {.appear = none}); }, ThrowsMessage<Error>(HasSubstr("no such FIFO")));
  make();
  EXPECT_THAT([&] { spool_pipe(fifo(), file(), {.silence = none}); }, ThrowsMessage<Error>(HasSubstr("nothing came")));
}

TEST_F(Pipe, StopsBeforeTheDiskIsFull) {
  make();
  EXPECT_THAT([&] { spool_pipe(fifo(), file(), {.spare = ~std::uint64_t{0}}); },
              ThrowsMessage<Error>(HasSubstr("the disk is nearly full")));
}

}  // namespace
}  // namespace graft
