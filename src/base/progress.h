// Progress of long work: a bar with rate and time left on a terminal, a plain line now and then elsewhere.
//
//   features  ████████████░░░░░░░░  61 %   6021/9832 images   812/s   0:04 left
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace graft {

// Draws on stderr. Not thread-safe: one thread reports. The line is finished, or wiped, on destruction.
class Progress {
 public:
  // `total` may be 0 when it is not known. `unit` is what is counted, e.g. "images".
  Progress(std::string title, std::uint64_t total, std::string unit);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `done` of `total`; `note` is shown behind, e.g. "loss 0.31". Draws at most ten times a second.
  void update(std::uint64_t done, const std::string& note = "");
  // Begins at `done`, which an earlier run did: the rate counts what comes after.
  void begin_at(std::uint64_t done) { begun_at_ = done_ = done; }

 private:
  using Clock = std::chrono::steady_clock;
  void draw(Clock::time_point now);

  std::string title_, unit_, note_;
  std::uint64_t total_, done_ = 0, begun_at_ = 0;
  bool terminal_, drawn_ = false;
  Clock::time_point start_, last_;
};

// "0:04", "12:30", "1:02:03".
std::string clock_text(std::chrono::seconds duration);

// Silences every bar of this process, as --json and --quiet ask.
void silence_progress();

}  // namespace graft
