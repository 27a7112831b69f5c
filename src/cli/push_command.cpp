#include <fmt/format.h>

#include <iostream>
#include <memory>

#include "base/error.h"
#include "base/json.h"
#include "base/progress.h"
#include "cli/commands.h"
#include "cli/remote_folder.h"
#include "cli/remote_paths.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

struct PushOptions {
  fs::path folder;
  std::string to;
  bool json = false;
};

// s3://bucket/models/ gets the folder by its own name, as `cp` does it.
S3Path target_of(const PushOptions& options) {
  S3Path to = parse_s3(options.to);
  if (!to.key.empty() && !to.key.ends_with('/')) return to;
  const fs::path whole = fs::absolute(options.folder).lexically_normal();
  to.key += (whole.has_filename() ? whole : whole.parent_path()).filename().string();
  return to;
}

void push(const PushOptions& options, RemotePaths& remote) {
  if (options.json) silence_progress();
  require(fs::is_directory(options.folder), options.folder.string(), " is no folder to push");
  const S3Path to = target_of(options);
  const std::uint64_t bytes = push_folder(remote.settings(), options.folder, to);
  if (options.json) {
    std::cout << OrderedJson{{"uri", name(to)}, {"bytes", bytes}}.dump() << '\n';
  } else {
    fmt::print("{}  {:.1f} MB sent\n", name(to), static_cast<double>(bytes) / 1e6);
  }
}

}  // namespace

void add_push(CLI::App& app) {
  auto options = std::make_shared<PushOptions>();
  CLI::App* command = app.add_subcommand("push", "Send a bundle to an object store");
  command->add_option("bundle", options->folder, "A bundle, or any folder")->required()->type_name("BUNDLE");
  command
      ->add_option("to", options->to,
                   "s3://BUCKET/PREFIX for its files, s3://BUCKET/PREFIX/ for a folder of its name there, "
                   "s3://BUCKET/....tar.gz for one archive, as SageMaker has models")
      ->required()
      ->type_name("S3");
  command->add_flag("--json", options->json, "Print where it is as JSON");
  const auto remote = add_remote_paths(command);
  command->callback([options, remote] { push(*options, *remote); });
  command->footer("Example:\n  graft push model s3://bucket/models/model.tar.gz");
}

}  // namespace graft
