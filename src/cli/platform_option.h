// --data, as all commands of the platform take it.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>

namespace graft {

// $GRAFT_DATA, else ~/.local/share/graft.
std::filesystem::path usual_data_folder();

CLI::Option* add_data(CLI::App& command, std::filesystem::path& folder);

}  // namespace graft
