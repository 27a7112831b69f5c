#include "hosting/serving_process.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>

#include "base/error.h"
#include "base/log.h"
#include "hosting/forward.h"

namespace graft {
namespace {

using std::chrono::milliseconds;

constexpr char kHost[] = "127.0.0.1";
constexpr std::size_t kKeptLines = 8;
constexpr std::size_t kMostOfALine = 300;
constexpr milliseconds kStopTime{30'000};
constexpr milliseconds kKillAgain{1'000};  // it may not go at once, and is not waited for without a pause
constexpr milliseconds kStartPing{50};     // between pings until the first is answered
constexpr int kMostMissed = 4;
constexpr milliseconds kFirstPause{100}, kLongestPause{30'000};
constexpr std::chrono::seconds kWellAgain{60};  // after so long a life its earlier ends are forgotten

// The port in "serving /m/flowers at http://127.0.0.1:40123".
std::uint16_t announced_port(std::string_view line) {
  const std::size_t at = line.rfind(" at http://"), colon = line.rfind(':');
  std::uint16_t port = 0;
  if (at == std::string_view::npos || colon <= at + 8) return 0;
  const auto [end, error] = std::from_chars(line.data() + colon + 1, line.data() + line.size(), port);
  return error == std::errc() && end == line.data() + line.size() ? port : std::uint16_t{0};
}

}  // namespace

ServingProcess::ServingProcess(ServingProgram program, std::shared_ptr<Bell> bell)
    : program_(std::move(program)), bell_(std::move(bell)), stop_(::eventfd(0, EFD_CLOEXEC)) {
  if (stop_.fd < 0) fail(Kind::unavailable, "cannot start ", program_.name, ": ", system_message());
  thread_ = std::thread([this] { run(); });
}

ServingProcess::~ServingProcess() {
  request_stop();
  thread_.join();
}

void ServingProcess::request_stop() {
  if (!stopping_.exchange(true)) ::eventfd_write(stop_.fd, 1);
}

std::string ServingProcess::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

std::shared_ptr<ClientPool> ServingProcess::client() const {
  const std::lock_guard lock(mutex_);
  return client_;
}

void ServingProcess::become(Phase phase) {
  ready_ = phase == Phase::ready;
  if (phase_.exchange(phase) != phase) bell_->ring();
}

void ServingProcess::say(const std::string& sentence) {
  spdlog::info("{}: {}", program_.name, sentence);
  if (program_.log) program_.log({"graft: " + sentence});
}

bool ServingProcess::wait_for_stop(milliseconds time) const {
  pollfd wanted{stop_.fd, POLLIN, 0};
  if (!stopping_) ::poll(&wanted, 1, static_cast<int>(time.count()));
  return stopping_;
}

void ServingProcess::run() {
  int ends = 0;
  while (!stopping_) {
    const Clock::time_point begun = Clock::now();
    ++start_;
    live();
    if (program_.ended) program_.ended();
    if (stopping_) break;
    if (!was_ready_) return become(Phase::failed);
    if (Clock::now() - begun > kWellAgain) ends = 0;
    const milliseconds pause = std::min(kLongestPause, kFirstPause * (1 << std::min(ends++, 10)));
    become(Phase::restarting);
    say(text(failure(), "; it is started again in ", static_cast<double>(pause.count()) / 1000, " s"));
    wait_for_stop(pause);
  }
  become(Phase::stopped);
}

// From one start to its end; why it ended is failure().
void ServingProcess::live() {
  const Clock::time_point now = Clock::now();
  // A program that says where it listens is not asked before.
  Life life{.begun = now, .next_ping = program_.port ? now : now + program_.most_start, .port = program_.port};
  std::string verdict;
  last_lines_.clear();
  try {
    ChildProcess child(program_.program);
    const int status = watch(child, life);
    verdict = !life.verdict.empty() ? life.verdict
              : status >= 128       ? text("it was ended by signal ", status - 128)
                                    : text("it ended with exit code ", status);
  } catch (const std::exception& error) {  // also of the file system, on the way to what is hidden
    verdict = error.what();
  }
  const std::lock_guard lock(mutex_);
  failure_ = verdict;
  if (!last_lines_.empty()) failure_ += "; its last words: " + join(last_lines_, " | ");
}

int ServingProcess::watch(ChildProcess& child, Life& life) {
  bool open = true, told = false;
  for (;;) {
    std::array<pollfd, 3> wanted{pollfd{open ? child.output() : -1, POLLIN, 0}, pollfd{child.ended(), POLLIN, 0},
                                 pollfd{told ? -1 : stop_.fd, POLLIN, 0}};
    const auto wait = std::chrono::ceil<milliseconds>(std::min(life.next_ping, life.kill_at) - Clock::now());
    ::poll(wanted.data(), wanted.size(), static_cast<int>(std::clamp<std::int64_t>(wait.count(), 0, 60'000)));
    const bool ended = wanted[1].revents != 0;
    if (ended) ready_ = false;
    const int status = ended ? child.wait() : 0;
    std::vector<std::string> lines;
    open = child.read_lines([&](std::string line) { lines.push_back(std::move(line)); }) && open;
    take_lines(lines, life);
    if (ended) return status;
    if (stopping_ && !told) {
      told = true;
      end(child, life, "it was asked to stop");
    }
    look_after(child, life);
  }
}

void ServingProcess::take_lines(const std::vector<std::string>& lines, Life& life) {
  for (const std::string& line : lines) {
    if (life.port == 0 && (life.port = announced_port(line)) != 0) life.next_ping = Clock::now();
    last_lines_.push_back(line.substr(0, kMostOfALine));
    if (last_lines_.size() > kKeptLines) last_lines_.pop_front();
  }
  if (!lines.empty() && program_.log) program_.log(lines);
}

void ServingProcess::look_after(ChildProcess& child, Life& life) {
  const Clock::time_point now = Clock::now();
  if (now >= life.kill_at) {
    child.signal(SIGKILL);
    life.kill_at = now + kKillAgain;
  }
  if (life.kill_at != Clock::time_point::max()) {  // it is being ended
    life.next_ping = now + kStopTime;
    return;
  }
  if (!life.ready && now >= life.begun + program_.most_start) {
    return end(child, life, text("it did not answer /ping with 200 within ", program_.most_start.count() / 1000, " s"));
  }
  if (now < life.next_ping) return;
  if (!life.client && life.port != 0) life.client = std::make_shared<ClientPool>(kHost, life.port);
  const bool well = life.client && ping(*life.client);
  life.missed = well ? 0 : life.missed + 1;
  life.next_ping = Clock::now() + (life.ready ? program_.ping_period : kStartPing);
  if (well && !life.ready) {
    life.ready = was_ready_ = true;
    life.next_ping = Clock::now() + program_.ping_period;
    {
      const std::lock_guard lock(mutex_);
      client_ = life.client;
    }
    become(Phase::ready);
  }
  if (life.ready && life.missed >= kMostMissed) {
    end(child, life, text("it did not answer /ping ", kMostMissed, " times"));
  }
}

void ServingProcess::end(ChildProcess& child, Life& life, const std::string& verdict) {
  ready_ = false;
  life.verdict = verdict;
  life.kill_at = Clock::now() + kStopTime;
  child.signal(SIGTERM);
}

}  // namespace graft
