// The FIFO is opened without waiting for its writer. poll() then sleeps until there is one, and says POLLHUP when the
// last writer has closed it: that is the end.
#include "container/pipe.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "base/bytes.h"
#include "base/descriptor.h"
#include "base/error.h"
#include "container/stop.h"

namespace graft {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr auto kLook = std::chrono::milliseconds(200);
constexpr std::size_t kPiece = 1 << 20;
constexpr std::uint64_t kLookAtDiskEvery = 64 << 20;

void wait_until_there(const fs::path& fifo, const PipeLimits& limits) {
  const auto until = Clock::now() + limits.appear;
  while (!fs::exists(fifo)) {
    check_for_stop();
    if (Clock::now() > until) fail(Kind::not_found, fifo.string(), ": there is no such FIFO");
    std::this_thread::sleep_for(kLook);
  }
  require(fs::is_fifo(fifo), fifo.string(), ": Pipe mode reads a FIFO, and this is none");
}

void wait_for_data(int fd, const fs::path& fifo, const PipeLimits& limits) {
  const auto until = Clock::now() + limits.silence;
  for (;;) {
    check_for_stop();
    pollfd wanted{.fd = fd, .events = POLLIN, .revents = 0};
    if (::poll(&wanted, 1, static_cast<int>(kLook.count())) > 0) return;
    if (Clock::now() > until) fail(Kind::unavailable, fifo.string(), ": nothing came for too long");
  }
}

void write_all(int fd, ByteView piece, const fs::path& file) {
  while (!piece.empty()) {
    const ssize_t count = ::write(fd, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(Kind::unavailable, "cannot write ", file.string(), ": ", system_message());
    piece = piece.subspan(static_cast<std::size_t>(count));
  }
}

void check_disk(const fs::path& fifo, const fs::path& file, const PipeLimits& limits) {
  require(fs::space(file.parent_path()).available >= limits.spare, fifo.string(),
          ": the disk is nearly full: give the job a larger volume");
}

}  // namespace

void spool_pipe(const fs::path& fifo, const fs::path& file, const PipeLimits& limits) {
  wait_until_there(fifo, limits);
  const Descriptor in(::open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (in.fd < 0) fail(Kind::denied, "cannot read ", fifo.string(), ": ", system_message());
  const Descriptor out(::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (out.fd < 0) fail(Kind::denied, "cannot write ", file.string(), ": ", system_message());
  Bytes piece(kPiece);
  std::uint64_t total = 0, looked = 0;
  check_disk(fifo, file, limits);
  for (;;) {
    wait_for_data(in.fd, fifo, limits);
    const ssize_t count = ::read(in.fd, piece.data(), piece.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count < 0) fail(Kind::unavailable, "cannot read ", fifo.string(), ": ", system_message());
    if (count == 0) break;
    write_all(out.fd, ByteView(piece).first(static_cast<std::size_t>(count)), file);
    total += static_cast<std::uint64_t>(count);
    if (total - looked >= kLookAtDiskEvery) check_disk(fifo, file, limits);
    if (total - looked >= kLookAtDiskEvery) looked = total;
  }
  require(total > 0, fifo.string(), ": nothing came through the FIFO");
}

}  // namespace graft
