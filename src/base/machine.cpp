#include "base/machine.h"

#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>

#include "base/descriptor.h"
#include "base/error.h"

namespace graft {

namespace fs = std::filesystem;

std::optional<fs::path> find_program(std::string_view name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path ? path : "/usr/local/bin:/usr/bin:/bin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const fs::path program = fs::path(folder) / name;
    std::error_code unknown;
    const bool runs = !folder.empty() && ::access(program.c_str(), X_OK) == 0;
    if (runs && fs::is_regular_file(program, unknown)) return program;
  }
  return {};
}

std::optional<fs::path> find_container_engine() {
  std::optional<fs::path> podman = find_program("podman");
  return podman ? podman : find_program("docker");
}

fs::path cache_folder() {
  if (const char* folder = std::getenv("GRAFT_CACHE")) return folder;
  if (const char* folder = std::getenv("XDG_CACHE_HOME")) return fs::path(folder) / "graft";
  if (const char* home = std::getenv("HOME")) return fs::path(home) / ".cache" / "graft";
  return {};
}

std::vector<int> cores_of_process() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cores;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return cores;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(static_cast<std::size_t>(core), &set)) cores.push_back(core);
  }
  return cores;
}

std::uint64_t memory_of_machine() {
  return static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

std::uint16_t find_free_port() {
  const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  const bool found = ::bind(socket.fd, any, size) == 0 && ::getsockname(socket.fd, any, &size) == 0;
  if (!found) fail(Kind::unavailable, "there is no free port: ", system_message());
  return ntohs(address.sin_port);
}

}  // namespace graft
