// A folder's lock: one platform at a time works on it, and others can see which.
//
// The kernel takes the lock back when the process ends, however that happens. The file DIR/platform.json is the lock
// and holds what the platform says of itself. Who looks does not take the lock, so it is in nobody's way.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/descriptor.h"

namespace graft {

// Makes a platform's folder, for its owner alone, where it is not there.
void make_platform_folder(const std::filesystem::path& folder);

// What a running platform says of itself.
struct PlatformNote {
  std::int64_t pid = 0;
  std::int64_t started = 0;  // seconds since 1970
  std::string url{};         // as clients are to use it; empty while it starts
  std::string local_url{};   // the same on this machine, without TLS
};

class PlatformLock {
 public:
  // Makes the folder where it is not there. Throws Kind::conflict when another platform uses it.
  explicit PlatformLock(const std::filesystem::path& folder);

  // Where it listens now.
  void listens(const std::string& url, const std::string& local_url);

 private:
  void write(const PlatformNote& note);
  std::filesystem::path file_;
  Descriptor file_descriptor_;
  PlatformNote note_{};
};

// The platform that works on the folder now; nothing when none does.
std::optional<PlatformNote> find_platform(const std::filesystem::path& folder);

}  // namespace graft
