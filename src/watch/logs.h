// Logs as CloudWatch keeps them: groups of streams of lines. Kept in SQLite; thread-safe.
//
// The lines of a stream are numbered without gaps, and their times never go back: that is what readers' cursors rest
// on. A stream keeps its last lines and loses its first ones, by size or by its group's retention.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace graft {

struct LogEvent {
  std::int64_t time = 0;  // milliseconds since 1970, assigned when it came, never before the stream's last
  std::string message{};  // without its line's end; 256 KB at most, the rest is cut off
  std::int64_t id = 0;    // ascending in the stream
};

struct LogStream {
  std::string name{};
  std::int64_t created = 0, first = 0, last = 0;  // milliseconds since 1970; 0 where it has no lines
  std::int64_t id = 0;                            // of no other stream, ever
};

struct LogGroup {
  std::string name{};
  std::int64_t created = 0;   // milliseconds since 1970
  std::int64_t bytes = 0;     // of its messages
  std::optional<int> days{};  // lines that are older are dropped
};

struct LogLimits {
  std::int64_t stream_bytes = std::int64_t{256} << 20;  // messages of one stream
  std::int64_t total_bytes = std::int64_t{8} << 30;     // of all; the streams that were quiet longest go first
};

// Milliseconds since 1970.
std::int64_t now_ms();

class Logs {
 public:
  // Kept in `folder`, which is made.
  explicit Logs(const std::filesystem::path& folder, const LogLimits& limits = {});
  ~Logs();
  Logs(const Logs&) = delete;
  Logs& operator=(const Logs&) = delete;

  // Makes group and stream where they are missing. Lines may be lost with the power, not with the process.
  void append(const std::string& account, const std::string& group, const std::string& stream,
              const std::vector<std::string>& lines);
  // The same with times that their writer gave them. One before the stream's last is set to that.
  void append_timed(const std::string& account, const std::string& group, const std::string& stream,
                    const std::vector<LogEvent>& events);

  // False when there is one already.
  bool add_group(const std::string& account, const std::string& group);
  // The group must be there.
  bool add_stream(const std::string& account, const std::string& group, const std::string& stream);

  // By name.
  std::vector<LogGroup> groups(const std::string& account, std::string_view prefix) const;
  // False when there is no such group. Without days, lines do not grow old.
  bool set_retention(const std::string& account, const std::string& group, std::optional<int> days);

  // By name. Nothing when there is no such group.
  std::optional<std::vector<LogStream>> streams(const std::string& account, const std::string& group,
                                                std::string_view prefix) const;

  struct Range {
    std::int64_t begin = 0, end = INT64_MAX;  // time, end excluded
    std::int64_t after = 0;                   // only ids above it
    std::int64_t before = INT64_MAX;          // only ids below it
    std::size_t most = 10'000;
    bool from_head = true;              // else the last ones; always in ascending order
    std::size_t most_bytes = 16 << 20;  // of messages; one event is given in any case
  };
  // Nothing when there is no such stream.
  std::optional<std::vector<LogEvent>> events(const std::string& account, const std::string& group,
                                              const std::string& stream, const Range& range) const;

  void erase(const std::string& account, const std::string& group, const std::optional<std::string>& stream);

  // Drops what is too old. It happens by itself each hour in which something is appended.
  void drop_old(std::int64_t now);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace graft
