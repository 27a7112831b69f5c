// A folder as a compressed tar.
#pragma once

#include <filesystem>

namespace graft {

// Writes the regular files below `folder` to `file`, in the order of their names, which are relative to the folder;
// each keeps its time and whether it can be run. Folders are in it only by their files; links and devices are left out.
// The same files give the same bytes. Memory does not grow with them. What fails leaves no `file`.
void pack_tar_gz(const std::filesystem::path& folder, const std::filesystem::path& file);

}  // namespace graft
