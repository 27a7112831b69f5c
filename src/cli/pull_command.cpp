#include <fmt/format.h>

#include <iostream>
#include <memory>

#include "base/json.h"
#include "base/progress.h"
#include "cli/commands.h"
#include "cli/remote_folder.h"
#include "cli/remote_paths.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

struct PullOptions {
  std::string from;
  fs::path folder;
  bool json = false;
};

void pull(const PullOptions& options, RemotePaths& remote) {
  if (options.json) silence_progress();
  const std::uint64_t bytes = pull_folder(remote.settings(), parse_s3(options.from), options.folder);
  if (options.json) {
    std::cout << OrderedJson{{"folder", options.folder.string()}, {"bytes", bytes}}.dump() << '\n';
  } else {
    fmt::print("{}  {:.1f} MB fetched\n", options.folder.string(), static_cast<double>(bytes) / 1e6);
  }
}

}  // namespace

void add_pull(CLI::App& app) {
  auto options = std::make_shared<PullOptions>();
  CLI::App* command = app.add_subcommand("pull", "Fetch a bundle from an object store");
  command->add_option("from", options->from, "A prefix, or an archive (.tar.gz), which is unpacked")
      ->required()
      ->type_name("S3");
  command->add_option("folder", options->folder, "Where to")->required()->type_name("DIR");
  command->add_flag("--json", options->json, "Print what was fetched as JSON");
  const auto remote = add_remote_paths(command);
  command->callback([options, remote] { pull(*options, *remote); });
  command->footer("Example:\n  graft pull s3://bucket/models/model.tar.gz model");
}

}  // namespace graft
