// TensorBoard's event files: scalars over steps, for people who watch their training there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace graft {

// Writes one new file, folder/events.out.tfevents.<time>.<host>, and each event at once: what was written before a kill
// can be read after it. Not thread-safe.
class EventWriter {
 public:
  // `first_step` is where this run begins. A resumed run names the step it goes on from: TensorBoard then drops the
  // later points of the run that was killed.
  explicit EventWriter(const std::filesystem::path& folder, std::int64_t first_step = 0);
  ~EventWriter();
  EventWriter(const EventWriter&) = delete;
  EventWriter& operator=(const EventWriter&) = delete;

  // Stamped with the time of the call. `tag` is e.g. "train/loss"; what stands before the slash groups tags.
  void scalar(std::string_view tag, std::int64_t step, double value);

 private:
  void write(std::string_view event);

  std::filesystem::path path_;
  int file_ = -1;
};

}  // namespace graft
