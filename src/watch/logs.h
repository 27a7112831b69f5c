// Logs as CloudWatch keeps them: groups of streams of lines. Kept in SQLite; thread-safe.
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
  std::int64_t created = 0, first = 0, last = 0;  // milliseconds since 1970
};

class Logs {
 public:
  // Kept in `folder`, which is made.
  explicit Logs(const std::filesystem::path& folder);
  ~Logs();

  // Makes group and stream where they are missing. Lines may be lost with the power, not with the process.
  void append(const std::string& account, const std::string& group, const std::string& stream,
              const std::vector<std::string>& lines);

  // By name. Nothing when there is no such group.
  std::optional<std::vector<LogStream>> streams(const std::string& account, const std::string& group,
                                                std::string_view prefix) const;

  struct Range {
    std::int64_t begin = 0, end = INT64_MAX;  // time, end excluded
    std::int64_t after = 0;                   // only ids above it
    std::int64_t before = INT64_MAX;          // only ids below it
    std::size_t most = 10'000;
    bool from_head = true;  // else the last ones; always in ascending order
  };
  // Nothing when there is no such stream.
  std::optional<std::vector<LogEvent>> events(const std::string& account, const std::string& group,
                                              const std::string& stream, const Range& range) const;

  void erase(const std::string& account, const std::string& group, const std::optional<std::string>& stream);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace graft
