// How much memory this process has, and could have.
#pragma once

#include <cstddef>

namespace graft {

std::size_t resident_bytes();

// What the machine and the process's cgroup still give.
std::size_t available_bytes();

}  // namespace graft
