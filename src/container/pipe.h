// Pipe mode: a channel's data come through a FIFO, once, and are kept in a file.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>

namespace graft {

struct PipeLimits {
  std::uint64_t spare = std::uint64_t{256} << 20;  // bytes of the disk that stay free
  std::chrono::milliseconds appear{60'000};        // for the FIFO to be there
  std::chrono::milliseconds silence{900'000};      // between two pieces, and before the first
};

// Reads the FIFO to its end and writes what came to `file`. Throws when it breaks a limit, when nothing came, and when
// this process is asked to stop.
void spool_pipe(const std::filesystem::path& fifo, const std::filesystem::path& file, const PipeLimits& limits = {});

}  // namespace graft
