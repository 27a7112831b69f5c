#include "serve/stamp.h"

#include <sys/stat.h>

namespace graft {

Stamp stamp_of(const std::filesystem::path& file) {
  struct stat found {};
  if (::stat(file.c_str(), &found) != 0) return {};
  return {found.st_dev, found.st_ino, static_cast<std::uint64_t>(found.st_size),
          found.st_mtim.tv_sec * 1'000'000'000 + found.st_mtim.tv_nsec};
}

BundleStamp stamp_of_bundle(const std::filesystem::path& folder) {
  return {stamp_of(folder / "graft.json"), stamp_of(folder / "graph.json"), stamp_of(folder / "model.safetensors")};
}

}  // namespace graft
