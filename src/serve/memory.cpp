#include "serve/memory.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

namespace graft {
namespace {

constexpr std::size_t kUnknown = std::numeric_limits<std::size_t>::max();

// The number in a file; kUnknown where there is none ("max").
std::size_t number_in(const char* path) {
  std::ifstream file(path);
  std::size_t number = 0;
  return file >> number ? number : kUnknown;
}

std::size_t machine_bytes() {
  std::ifstream file("/proc/meminfo");
  std::string name, unit;
  for (std::size_t kilobytes = 0; file >> name >> kilobytes; std::getline(file, unit)) {
    if (name == "MemAvailable:") return kilobytes << 10;
  }
  return kUnknown;
}

// Of cgroup version 2, or version 1, as the container sees its own.
std::size_t cgroup_bytes() {
  static constexpr const char* kFiles[][2] = {
      {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"},
      {"/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"}};
  for (const auto& [most, used] : kFiles) {
    const std::size_t limit = number_in(most), now = number_in(used);
    if (limit != kUnknown && now != kUnknown) return limit - std::min(limit, now);
  }
  return kUnknown;
}

}  // namespace

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t all = 0, resident = 0;
  file >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

std::size_t available_bytes() {
  return std::min(machine_bytes(), cgroup_bytes());
}

}  // namespace graft
