#include <iostream>
#include <memory>

#include "base/progress.h"
#include "base/thread_pool.h"
#include "cli/commands.h"
#include "data/sample.h"
#include "data/scan.h"
#include "data/write_split.h"

namespace graft {
namespace {

struct ScanOptions {
  std::filesystem::path data;
  bool json = false;
};

void add_scan(CLI::App* dataset) {
  auto options = std::make_shared<ScanOptions>();
  CLI::App* command = dataset->add_subcommand(
      "scan", "List what is wrong with images: unreadable, truncated, duplicate, leaked, too few; exits 1 on a leak");
  command->add_option("data", options->data, "A folder per label, a folder of splits, or a list")
      ->required()
      ->type_name("PATH");
  command->add_flag("--json", options->json, "Print the findings as JSON");
  command->callback([options] {
    if (options->json) silence_progress();
    const Scan found = scan(open_splits(options->data), available_cores());
    std::cout << (options->json ? to_json(found).dump() + "\n" : to_text(found));
    if (found.leaks()) throw Exit{1};
  });
}

void add_sample(CLI::App* dataset) {
  auto folder = std::make_shared<std::filesystem::path>();
  auto options = std::make_shared<SampleOptions>();
  CLI::App* command = dataset->add_subcommand(
      "sample", "Draw an image set to try graft with: general/ with many kinds of objects, domain/ with six others");
  command->add_option("folder", *folder, "A folder to make")->required()->type_name("DIR");
  command->add_option("--seed", options->seed, "The same seed draws the same pictures")->type_name("N");
  command->add_option("--size", options->size, "Pixels each way")
      ->check(CLI::Range(32, 512))
      ->type_name("N")
      ->capture_default_str();
  command->callback([folder, options] { write_sample(*folder, *options); });
}

}  // namespace

void add_dataset(CLI::App& app) {
  CLI::App* dataset = app.add_subcommand("dataset", "Look at images, divide them, or draw some");
  dataset->require_subcommand(1);
  add_scan(dataset);
  add_sample(dataset);
}

}  // namespace graft
