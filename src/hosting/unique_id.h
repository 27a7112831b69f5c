// Names that nobody else gives: of instances, events and files.
#pragma once

#include <cstdint>
#include <string>

namespace graft {

// Uniform, from a generator of this thread that was seeded by the system's.
std::uint64_t random_number();

// "0f1e2d3c-4b5a-4697-8877-665544332211": a UUID of version 4.
std::string unique_id();

// "i-0f1e2d3c4b5a69788".
std::string instance_id();

}  // namespace graft
