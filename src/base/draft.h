// A folder that is there as a whole or not at all.
#pragma once

#include <filesystem>

namespace graft {

// A folder beside `out` that takes its place when all is written, and is gone when something fails. `out` must be empty
// or not there yet.
class Draft {
 public:
  explicit Draft(const std::filesystem::path& out);
  ~Draft();
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  const std::filesystem::path& path() const { return path_; }
  // What it becomes: absolute, without a slash at its end.
  const std::filesystem::path& out() const { return out_; }
  void accept();

 private:
  std::filesystem::path out_, path_;
};

}  // namespace graft
