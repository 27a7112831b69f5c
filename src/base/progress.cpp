#include "base/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/log.h"

namespace graft {
namespace {

constexpr auto kTerminalInterval = std::chrono::milliseconds(100);
constexpr auto kPlainInterval = std::chrono::seconds(10);
constexpr std::uint64_t kBarCells = 20;

bool g_silent = false;

std::string bar(std::uint64_t done, std::uint64_t total) {
  const std::uint64_t filled = std::min(kBarCells, done * kBarCells / std::max<std::uint64_t>(total, 1));
  std::string out;
  for (std::uint64_t i = 0; i < kBarCells; ++i) out += i < filled ? "█" : "░";
  return out;
}

}  // namespace

void silence_progress() {
  g_silent = true;
}

std::string clock_text(std::chrono::seconds duration) {
  const auto total = duration.count();
  if (total >= 3600) return fmt::format("{}:{:02}:{:02}", total / 3600, total / 60 % 60, total % 60);
  return fmt::format("{}:{:02}", total / 60, total % 60);
}

Progress::Progress(std::string title, std::uint64_t total, std::string unit)
    : title_(std::move(title)),
      unit_(std::move(unit)),
      total_(total),
      terminal_(is_terminal(STDERR_FILENO)),
      start_(Clock::now()),
      last_(start_) {}

Progress::~Progress() {
  if (g_silent || done_ == begun_at_) return;
  if (terminal_) {
    draw(Clock::now());
    std::fputs("\n", stderr);
  } else if (drawn_) {
    draw(Clock::now());
  }
}

void Progress::update(std::uint64_t done, const std::string& note) {
  done_ = done;
  note_ = note;
  const auto now = Clock::now();
  if (g_silent || now - last_ < (terminal_ ? Clock::duration(kTerminalInterval) : Clock::duration(kPlainInterval)))
    return;
  last_ = now;
  draw(now);
}

void Progress::draw(Clock::time_point now) {
  drawn_ = true;
  const double seconds = std::max(1e-3, std::chrono::duration<double>(now - start_).count());
  const double rate = static_cast<double>(done_ - begun_at_) / seconds;
  std::string line = fmt::format("{:<10}", title_);
  if (total_) line += fmt::format(" {}{:>4} % ", terminal_ ? bar(done_, total_) : "", done_ * 100 / total_);
  line += total_ ? fmt::format(" {}/{} {}", done_, total_, unit_) : fmt::format(" {} {}", done_, unit_);
  line += fmt::format("  {:.{}f}/s", rate, rate < 10 ? 1 : 0);
  if (total_ > done_ && rate > 0) {
    const auto left = std::chrono::seconds(static_cast<std::int64_t>(static_cast<double>(total_ - done_) / rate + 0.5));
    line += fmt::format("  {} left", clock_text(left));
  }
  if (!note_.empty()) line += "  " + note_;
  std::fprintf(stderr, terminal_ ? "\r\x1b[2K%s" : "%s\n", line.c_str());
  std::fflush(stderr);
}

}  // namespace graft
