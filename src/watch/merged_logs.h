// The lines of several streams in the order of their times, page by page.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "watch/logs.h"

namespace graft {

struct MergedEvent {
  LogEvent event{};
  std::string stream{};
  std::int64_t stream_id = 0;
};

// A place in the order of time, name of the stream and id: behind this event.
struct MergePlace {
  std::int64_t time = 0;
  std::string stream{};
  std::int64_t id = 0;
};

struct MergeLimits {
  std::size_t events = 10'000, bytes = 1 << 20;  // of those that match
  std::size_t looked_at = 50'000;                // lines that were read for it
};

struct MergedPage {
  std::vector<MergedEvent> events{};
  std::optional<MergePlace> next{};  // where there may be more
};

// What `wanted` wants of these streams, with begin <= time < end, behind `after`.
MergedPage merge_logs(const Logs& logs, const std::string& account, const std::string& group,
                      const std::vector<LogStream>& streams, std::int64_t begin, std::int64_t end,
                      const std::optional<MergePlace>& after, const std::function<bool(std::string_view)>& wanted,
                      const MergeLimits& limits = {});

}  // namespace graft
