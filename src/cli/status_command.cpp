#include <iostream>

#include "base/error.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/platform_option.h"
#include "control/platform_lock.h"
#include "http/fetch.h"
#include "identity/time_text.h"

namespace graft {
namespace {

// "ok", or why it does not answer.
std::string health(const PlatformNote& platform) {
  if (platform.local_url.empty()) return "starting";
  try {
    const Bytes answer =
        fetch(platform.local_url + "/_/health", {.bytes = 4096, .redirects = 0, .private_addresses = true});
    return field<std::string>(parse_json(as_text(answer), "/_/health"), "status", "/_/health");
  } catch (const Error& error) {
    return error.what();
  }
}

void status(const std::filesystem::path& folder, bool as_json) {
  const auto platform = find_platform(folder);
  const std::string state = platform ? health(*platform) : "down";
  if (as_json) {
    OrderedJson json{{"status", state}, {"data", std::filesystem::absolute(folder).string()}};
    if (platform) {
      json["pid"] = platform->pid;
      json["url"] = platform->url;
      json["started"] = readable_time(platform->started);
    }
    std::cout << json.dump() << '\n';
  } else if (platform) {
    std::cout << "graft is up at " << platform->url << " since " << readable_time(platform->started) << " as process "
              << platform->pid << ": " << state << '\n';
  } else {
    std::cout << "graft is down: no platform uses " << folder.string() << '\n';
  }
  std::cout.flush();
  if (state != "ok") throw Exit{1};
}

}  // namespace

void add_status(CLI::App& app) {
  auto folder = std::make_shared<std::filesystem::path>(usual_data_folder());
  auto as_json = std::make_shared<bool>(false);
  CLI::App* command = app.add_subcommand("status", "Whether a platform uses a folder, where, and how it is");
  add_data(*command, *folder);
  command->add_flag("--json", *as_json, "One JSON object");
  command->callback([folder, as_json] { status(*folder, *as_json); });
}

}  // namespace graft
