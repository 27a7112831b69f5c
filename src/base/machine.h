// What this machine has: programs, a place for caches, cores, ports.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

namespace graft {

// The program of this name in PATH.
std::optional<std::filesystem::path> find_program(std::string_view name);

// The program that runs container images: podman, or else docker.
std::optional<std::filesystem::path> find_container_engine();

// Where what can be made again is kept: $GRAFT_CACHE, or $XDG_CACHE_HOME/graft, or ~/.cache/graft; empty when there is
// no home.
std::filesystem::path cache_folder();

// The numbers of the cores that this process may run on; none where the system does not say.
std::vector<int> cores_of_process();

// Bytes of physical memory.
std::uint64_t memory_of_machine();

// Whether a name or an address without brackets is one of this machine's loopback.
bool is_loopback(std::string_view host);

// A port of the loopback address that nobody listens on now; somebody else may be faster.
std::uint16_t find_free_port();

}  // namespace graft
