// Files of a folder that a stranger's program writes to. Only for runner/.
#pragma once

#include <filesystem>
#include <string>

namespace graft {

// Opens a file below `root` for reading, or a folder, following no link on the way to it: a program could have put one
// there that leads to somebody else's. Below 0 where there is none.
int open_below(const std::filesystem::path& root, const std::filesystem::path& name);

// The first `most` bytes of such a file; empty where there is none, or something else has its name.
std::string read_below(const std::filesystem::path& root, const std::filesystem::path& name, std::size_t most);

// Whether root/name is a folder and no part of its name is a link.
bool is_folder_below(const std::filesystem::path& root, const std::filesystem::path& name);

}  // namespace graft
