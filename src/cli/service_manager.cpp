#include "cli/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/log.h"

namespace graft {

void tell_service_manager(std::string_view state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (!path || !*path) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::size_t size = std::strlen(path);
  const Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (size < sizeof address.sun_path && socket.fd >= 0) {
    std::memcpy(address.sun_path, path, size);
    if (path[0] == '@') address.sun_path[0] = 0;  // a name that is in no folder
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size);
    if (::sendto(socket.fd, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address),
                 length) == static_cast<ssize_t>(state.size())) {
      return;
    }
  }
  spdlog::warn("the service manager at {} is not told {}: {}", path, state, system_message());
}

}  // namespace graft
