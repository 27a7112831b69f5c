// Noticing that files on disk are others than they were.
#pragma once

#include <compare>
#include <cstdint>
#include <filesystem>
#include <vector>

namespace graft {

// What the system says of a file without reading it. A file that is replaced or written has another one.
struct Stamp {
  std::uint64_t device = 0, node = 0, size = 0;
  std::int64_t changed_ns = 0;  // all 0: there is no such file
  bool operator==(const Stamp&) const = default;
};

Stamp stamp_of(const std::filesystem::path& file);

// Of a bundle's three files.
using BundleStamp = std::vector<Stamp>;
BundleStamp stamp_of_bundle(const std::filesystem::path& folder);

}  // namespace graft
