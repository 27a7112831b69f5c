#include "base/error.h"

#include <cerrno>
#include <cstring>

namespace graft {

Error::Error(Kind kind, std::string code, const std::string& message)
    : std::runtime_error(message), kind_(kind), code_(std::move(code)) {}

std::string system_message() {
  return std::strerror(errno);
}

}  // namespace graft
