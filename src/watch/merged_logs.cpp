#include "watch/merged_logs.h"

#include <queue>
#include <tuple>

namespace graft {
namespace {

constexpr std::size_t kChunkEvents = 500, kChunkBytes = 256 << 10;

// A stream on its way through the merge.
struct Cursor {
  const LogStream* stream = nullptr;
  std::vector<LogEvent> chunk{};
  std::size_t next = 0;
  Logs::Range range{};  // of what is not read yet
  // Where it stands among the others; before its first chunk is read, not behind where it will stand.
  std::int64_t time = 0;

  bool read() const { return next < chunk.size(); }
};

struct Later {
  bool operator()(const Cursor* a, const Cursor* b) const {
    return std::tie(a->time, a->stream->name) > std::tie(b->time, b->stream->name);
  }
};

Logs::Range range_of(const LogStream& stream, std::int64_t begin, std::int64_t end,
                     const std::optional<MergePlace>& after) {
  Logs::Range range{.begin = begin, .end = end, .most = kChunkEvents, .most_bytes = kChunkBytes};
  if (!after) return range;
  // Of two streams' lines with the same time those of the smaller name come first.
  range.begin = std::max(begin, stream.name < after->stream ? after->time + 1 : after->time);
  if (stream.name == after->stream) range.after = after->id;
  return range;
}

}  // namespace

MergedPage merge_logs(const Logs& logs, const std::string& account, const std::string& group,
                      const std::vector<LogStream>& streams, std::int64_t begin, std::int64_t end,
                      const std::optional<MergePlace>& after, const std::function<bool(std::string_view)>& wanted,
                      const MergeLimits& limits) {
  std::vector<Cursor> cursors;
  cursors.reserve(streams.size());
  std::priority_queue<Cursor*, std::vector<Cursor*>, Later> waiting;
  for (const LogStream& stream : streams) {
    const Logs::Range range = range_of(stream, begin, end, after);
    if (stream.last < range.begin || stream.first >= end) continue;
    cursors.push_back({.stream = &stream, .range = range, .time = std::max(range.begin, stream.first)});
    waiting.push(&cursors.back());
  }
  MergedPage page;
  MergePlace place;
  std::size_t bytes = 0, looked_at = 0;
  while (!waiting.empty()) {
    Cursor& cursor = *waiting.top();
    waiting.pop();
    if (!cursor.read()) {
      cursor.chunk = logs.events(account, group, cursor.stream->name, cursor.range).value_or(std::vector<LogEvent>());
      cursor.next = 0;
      if (cursor.chunk.empty()) continue;
      cursor.range.after = cursor.chunk.back().id;
      cursor.time = cursor.chunk.front().time;
      waiting.push(&cursor);
      continue;
    }
    LogEvent& event = cursor.chunk[cursor.next];
    const bool match = wanted(event.message);
    const std::size_t size = match ? event.message.size() : 0;
    const bool full =
        page.events.size() == limits.events || (match && !page.events.empty() && bytes + size > limits.bytes);
    if (full || looked_at == limits.looked_at) {
      page.next = place;
      return page;
    }
    ++looked_at;
    bytes += size;
    place = {event.time, cursor.stream->name, event.id};
    if (match) page.events.push_back({std::move(event), cursor.stream->name, cursor.stream->id});
    if (++cursor.next < cursor.chunk.size()) cursor.time = cursor.chunk[cursor.next].time;
    waiting.push(&cursor);
  }
  return page;
}

}  // namespace graft
