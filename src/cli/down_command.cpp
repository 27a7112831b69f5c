#include <signal.h>

#include <chrono>
#include <iostream>
#include <thread>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/platform_option.h"
#include "control/platform_lock.h"

namespace graft {
namespace {

constexpr std::chrono::seconds kPatience{90};
constexpr std::chrono::milliseconds kLook{100};

void down(const std::filesystem::path& folder) {
  const auto platform = find_platform(folder);
  if (!platform) {
    std::cout << "no platform uses " << folder.string() << '\n';
    return;
  }
  require(platform->pid > 0, folder.string(), ": the platform there starts just now; try again");
  if (::kill(static_cast<pid_t>(platform->pid), SIGTERM) != 0) {
    fail(Kind::denied, "process ", platform->pid, " cannot be ended: ", system_message());
  }
  // Its lock, not its number, says that it is gone: numbers are used again.
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (find_platform(folder)) {
    if (std::chrono::steady_clock::now() > deadline) {
      fail(Kind::unavailable, "process ", platform->pid, " was asked to end ", kPatience.count(),
           " s ago and has not; kill -9 loses nothing that was acknowledged");
    }
    std::this_thread::sleep_for(kLook);
  }
  std::cout << "graft is down; training jobs that ran go on\n";
}

}  // namespace

void add_down(CLI::App& app) {
  auto folder = std::make_shared<std::filesystem::path>(usual_data_folder());
  CLI::App* command = app.add_subcommand("down", "End the platform that uses a folder");
  add_data(*command, *folder);
  command->callback([folder] { down(*folder); });
}

}  // namespace graft
