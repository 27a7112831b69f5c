#include <charconv>
#include <chrono>
#include <iostream>

#include "base/error.h"
#include "base/json.h"
#include "cli/commands.h"
#include "cli/platform_option.h"
#include "control/platform_lock.h"
#include "http/client.h"
#include "identity/time_text.h"

namespace graft {
namespace {

constexpr char kHere[] = "127.0.0.1", kHealth[] = "/_/health";

// Of "http://127.0.0.1:9001".
std::uint16_t port_of(const std::string& url) {
  const std::string host = text("http://", kHere, ":");
  std::uint16_t port = 0;
  const char* end = url.data() + url.size();
  const bool fits = url.starts_with(host) && std::from_chars(url.data() + host.size(), end, port).ptr == end;
  require(fits && port != 0, url, " is no address of a platform on this machine");
  return port;
}

// "ok", or why it does not answer.
std::string health(const PlatformNote& platform) {
  if (platform.local_url.empty()) return "starting";
  try {
    const std::uint16_t port = port_of(platform.local_url);
    // Not by way of a proxy that the environment names: this machine is another one to it.
    ClientPool client(kHere, port, {.body_bytes = 4096});
    const ClientAnswer answer = client.call("GET", kHealth, {}, {}, std::chrono::seconds(10));
    if (answer.status != 200) fail(Kind::unavailable, platform.local_url, kHealth, " answers ", answer.status);
    return field<std::string>(parse_json(answer.body, kHealth), "status", kHealth);
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
