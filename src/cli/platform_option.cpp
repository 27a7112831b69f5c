#include "cli/platform_option.h"

#include <cstdlib>

namespace graft {

std::filesystem::path usual_data_folder() {
  if (const char* folder = std::getenv("GRAFT_DATA"); folder && *folder) return folder;
  if (const char* folder = std::getenv("XDG_DATA_HOME"); folder && *folder) {
    return std::filesystem::path(folder) / "graft";
  }
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home ? home : "/var/lib") / ".local/share/graft";
}

CLI::Option* add_data(CLI::App& command, std::filesystem::path& folder) {
  return command
      .add_option("--data", folder, "The folder with all of the platform's state [$GRAFT_DATA, ~/.local/share/graft]")
      ->type_name("DIR");
}

}  // namespace graft
