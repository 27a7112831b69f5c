// A tar, compressed or not, unpacked into a folder, without power over what lies outside of it.
#pragma once

#include <cstdint>
#include <filesystem>

namespace graft {

struct UnpackLimits {
  std::uint64_t bytes = std::uint64_t{16} << 30;  // of all files together
  std::size_t files = 10'000;
};

// Unpacks files and folders into `folder`, which is made. Refuses links, devices, names that lead out of the folder,
// and more than the limits allow, whatever the tar's headers say of sizes. A file that its owner may run can be run, as
// a model's server and its scripts must; other permissions are this process's. What was unpacked before a refusal
// stays.
void unpack_tar(const std::filesystem::path& tar, const std::filesystem::path& folder, const UnpackLimits& limits = {});

}  // namespace graft
