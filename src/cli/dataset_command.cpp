#include <fmt/format.h>

#include <functional>
#include <iostream>
#include <memory>
#include <optional>

#include "base/json.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/thread_pool.h"
#include "cli/commands.h"
#include "cli/remote_paths.h"
#include "data/curate.h"
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
  command->add_option("data", options->data, "A folder per label, a folder of splits, a tar, or a list")
      ->required()
      ->type_name("PATH");
  command->add_flag("--json", options->json, "Print the findings as JSON");
  const auto remote = add_remote_paths(command);
  command->callback([options, remote] {
    if (options->json) silence_progress();
    const Scan found = scan(open_splits(remote->images(options->data)), available_cores());
    std::cout << (options->json ? to_json(found).dump() + "\n" : to_text(found));
    if (found.leaks()) throw Exit{1};
  });
}

// Lists name files where they are; of a copy on this machine that would be nowhere that lasts.
void refuse_remote_lists(const std::filesystem::path& data, const std::filesystem::path& out, SetLayout layout) {
  require(layout != SetLayout::lists || (!is_s3(data.string()) && !is_s3(out.string())),
          "lists of files at s3:// paths are not written: pass --as copies");
}

struct SplitRequest {
  std::filesystem::path data, out;
  SplitFractions fractions{.validation = 0.2, .test = 0.1};
  SetLayout layout = SetLayout::links;
};

void write_divided(const SplitRequest& request, const RemotePaths& remote) {
  const Scan found = scan({open_dataset(request.data), nullptr, nullptr}, available_cores());
  const WrittenSplit written = write_split(found.splits.train, request.fractions, request.out, request.layout);
  if (written.left_out > 0) spdlog::warn("{} images cannot be read and are left out", written.left_out);
  fmt::print("train {}  validation {}  test {}  in {}\n", written.train, written.validation, written.test,
             remote.shown(request.out.string()));
}

void add_layout(CLI::App* command, const std::string& description, const std::function<void(SetLayout)>& use) {
  static const std::map<std::string, SetLayout> kLayouts{
      {"links", SetLayout::links}, {"copies", SetLayout::copies}, {"lists", SetLayout::lists}};
  command
      ->add_option_function<std::string>(
          "--as", [use](const std::string& word) { use(kLayouts.at(word)); }, description)
      ->check(quiet(CLI::IsMember(kLayouts)))
      ->type_name("links|copies|lists");
}

void add_split(CLI::App* dataset) {
  auto request = std::make_shared<SplitRequest>();
  CLI::App* command = dataset->add_subcommand(
      "split",
      "Divide images into train, validation and test by their content: an image keeps its part when others come");
  command->add_option("data", request->data, "A folder per label, a tar, or a list")->required()->type_name("PATH");
  command->add_option("--out", request->out, "A folder to make")->required()->type_name("DIR");
  const auto share = [&](const char* name, double& value) {
    command->add_option(name, value, "Share of the images")
        ->check(quiet(CLI::Range(0.0, 0.9)))
        ->type_name("SHARE")
        ->capture_default_str();
  };
  share("--validation", request->fractions.validation);
  share("--test", request->fractions.test);
  add_layout(command, "Hard links, copies, or CSV lists of the files where they are",
             [request](SetLayout layout) { request->layout = layout; });
  const auto remote = add_remote_paths(command);
  command->callback([request, remote] {
    refuse_remote_lists(request->data, request->out, request->layout);
    request->data = remote->images(request->data);
    request->out = remote->output(request->out);
    write_divided(*request, *remote);
    remote->send();
  });
}

struct CurateRequest {
  std::filesystem::path data;
  Curation curation;
  std::optional<SetLayout> layout;  // what suits the data where it is not said
  bool json = false;
};

void write_curated(const CurateRequest& request, const RemotePaths& remote) {
  if (request.json) silence_progress();
  Curation curation = request.curation;
  curation.layout = request.layout.value_or(is_image_folder(request.data) ? SetLayout::links : SetLayout::lists);
  const Scan found = scan({open_dataset(request.data), nullptr, nullptr}, available_cores());
  const Curated curated = curate(found.splits.train, curation, request.data.string());
  if (curated.left_out > 0) spdlog::warn("{} images cannot be read and are left out", curated.left_out);
  std::cout << remote.shown(request.json ? to_json(curated, curation).dump() + "\n" : to_text(curated, curation));
}

void add_curate(CLI::App* dataset) {
  auto request = std::make_shared<CurateRequest>();
  CLI::App* command = dataset->add_subcommand(
      "curate", "Divide labels: those with many images make a general set to pretrain on, the others a domain set");
  command->add_option("data", request->data, "A folder per label, a tar, or a list")->required()->type_name("PATH");
  command->add_option("--general", request->curation.general, "A folder to make, for labels with many images")
      ->required()
      ->type_name("DIR");
  command->add_option("--domain", request->curation.domain, "A folder to make, for the other labels")
      ->required()
      ->type_name("DIR");
  command->add_option("--min-images", request->curation.min_images, "How many images are many")
      ->check(quiet(CLI::Range(1.0, 1e9)))
      ->type_name("N")
      ->capture_default_str();
  add_layout(command, "Hard links, copies, or CSV lists of the files where they are; lists for a tar or a list",
             [request](SetLayout layout) { request->layout = layout; });
  command->add_flag("--json", request->json, "Print the labels of both sets as JSON");
  const auto remote = add_remote_paths(command);
  command->callback([request, remote] {
    Curation& curation = request->curation;
    const bool remote_sets = is_s3(curation.general.string()) || is_s3(curation.domain.string());
    if (!request->layout && (remote_sets || is_s3(request->data.string()))) request->layout = SetLayout::copies;
    for (const std::filesystem::path& out : {curation.general, curation.domain}) {
      refuse_remote_lists(request->data, out, request->layout.value_or(SetLayout::copies));
    }
    request->data = remote->images(request->data);
    curation.general = remote->output(curation.general);
    curation.domain = remote->output(curation.domain);
    write_curated(*request, *remote);
    remote->send();
  });
}

void add_sample(CLI::App* dataset) {
  auto folder = std::make_shared<std::filesystem::path>();
  auto options = std::make_shared<SampleOptions>();
  CLI::App* command = dataset->add_subcommand(
      "sample", "Draw an image set to try graft with: general/ with many kinds of objects, domain/ with six others");
  command->add_option("folder", *folder, "A folder to make")->required()->type_name("DIR");
  command->add_option("--seed", options->seed, "The same seed draws the same pictures")
      ->check(quiet(CLI::Range(0.0, 9e18)))
      ->type_name("N");
  command->add_option("--size", options->size, "Pixels each way")
      ->check(quiet(CLI::Range(32, 512)))
      ->type_name("N")
      ->capture_default_str();
  const auto remote = add_remote_paths(command);
  command->callback([folder, options, remote] {
    write_sample(remote->output(*folder), *options);
    remote->send();
  });
}

}  // namespace

void add_dataset(CLI::App& app) {
  CLI::App* dataset = app.add_subcommand("dataset", "Look at images, divide them, or draw some");
  dataset->require_subcommand(1);
  add_scan(dataset);
  add_split(dataset);
  add_curate(dataset);
  add_sample(dataset);
}

}  // namespace graft
