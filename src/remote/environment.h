// Only for remote/.
#pragma once

#include <cstdlib>
#include <string>

namespace graft {

// A variable that is set to nothing is not set.
inline std::string environment(const char* name, const std::string& otherwise = "") {
  const char* value = std::getenv(name);
  return value && *value ? value : otherwise;
}

}  // namespace graft
