#include "container/child.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "base/bytes.h"
#include "base/error.h"
#include "container/stop.h"

namespace graft {
namespace {

constexpr int kLook = 200;  // milliseconds
constexpr std::size_t kMaxLine = 64 << 10;
constexpr std::string_view kError = "error: ";

// One of the child's outputs, on its way to one of this process's.
class Relay {
 public:
  Relay() { require(::pipe2(ends_.data(), O_CLOEXEC) == 0, "cannot make a pipe: ", system_message()); }
  ~Relay() {
    for (int end : ends_) {
      if (end >= 0) ::close(end);
    }
  }
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  int reading() const { return ends_[0]; }
  int writing() const { return ends_[1]; }
  bool is_open() const { return ends_[0] >= 0; }
  void close_writing() { close(ends_[1]); }

  // Reads what is there and hands whole lines on.
  void pass_on(int to, std::string& error) {
    std::array<char, 1 << 16> piece;
    const ssize_t count = ::read(ends_[0], piece.data(), piece.size());
    if (count < 0 && errno == EINTR) return;
    if (count > 0) pending_.append(piece.data(), static_cast<std::size_t>(count));
    if (count <= 0 && !pending_.empty()) pending_ += '\n';
    for (std::size_t end; (end = pending_.find('\n')) != std::string::npos || pending_.size() > kMaxLine;) {
      const std::string line = pending_.substr(0, end == std::string::npos ? kMaxLine : end);
      pending_.erase(0, line.size() + (end == std::string::npos ? 0 : 1));
      if (line.starts_with(kError)) error = line.substr(kError.size());
      write_line(to, line + "\n");
    }
    if (count <= 0) close(ends_[0]);
  }

 private:
  static void close(int& end) {
    if (end >= 0) ::close(end);
    end = -1;
  }

  // A reader that is gone must not end the training.
  static void write_line(int to, std::string_view line) {
    while (!line.empty()) {
      const ssize_t count = ::write(to, line.data(), line.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return;
      line.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  std::array<int, 2> ends_{-1, -1};
  std::string pending_;
};

pid_t start(const std::vector<std::string>& command, const Relay& out, const Relay& error) {
  // All memory is taken before the fork: behind it only calls that are safe there.
  std::vector<std::string> words = command;
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t parent = ::getpid(), child = ::fork();
  require(child >= 0, "cannot start ", command.front(), ": ", system_message());
  if (child > 0) return child;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  ::dup2(out.writing(), 1);
  ::dup2(error.writing(), 2);
  // What was asked of this process is told to the child; a terminal's Ctrl-C is not to reach it by another way.
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGPIPE, SIG_DFL);
  ::execv(argv.front(), argv.data());
  ::_exit(127);
}

}  // namespace

ChildEnd run_child(const std::vector<std::string>& command, int stop_signal, const std::function<void()>& each_moment) {
  ::signal(SIGPIPE, SIG_IGN);
  Relay out, error;
  ChildEnd end;
  const pid_t child = start(command, out, error);
  out.close_writing();
  error.close_writing();
  bool told = false;
  while (out.is_open() || error.is_open()) {
    std::array<pollfd, 2> wanted{pollfd{out.reading(), POLLIN, 0}, pollfd{error.reading(), POLLIN, 0}};
    const int ready = ::poll(wanted.data(), wanted.size(), kLook);
    if (ready > 0 && wanted[0].revents) out.pass_on(1, end.error);
    if (ready > 0 && wanted[1].revents) error.pass_on(2, end.error);
    if (stop_wanted() && !told) ::kill(child, stop_signal);
    told = stop_wanted();
    each_moment();
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  each_moment();
  end.killed = WIFSIGNALED(status);
  end.status = end.killed ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  if (end.status == 127 && end.error.empty()) end.error = "cannot start " + command.front();
  return end;
}

}  // namespace graft
