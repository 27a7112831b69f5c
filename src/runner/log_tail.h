// Follows the log of an instance, from where it was left. Only for runner/.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace graft {

class LogTail {
 public:
  // `folder` holds the file "log", and "read", how much of it was taken.
  explicit LogTail(std::filesystem::path folder);

  // The lines that are new, some at a time; empty when there are none. With `all` also a last one without an end.
  std::vector<std::string> read(bool all);
  // They have arrived: nobody reads them again. Not synced: the power's end may let some be read twice.
  void taken();

 private:
  std::filesystem::path folder_;
  std::uint64_t offset_ = 0;  // behind the last whole line that was given
  std::uint64_t end_ = 0;     // behind the last byte that was read
  std::string pending_{};
};

}  // namespace graft
