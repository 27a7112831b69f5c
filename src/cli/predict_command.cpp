#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <memory>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/commands.h"
#include "infer/predictor.h"

namespace graft {
namespace {

constexpr std::uint64_t kMaxPicture = std::uint64_t{256} << 20;

struct PredictOptions {
  std::filesystem::path bundle;
  std::vector<std::filesystem::path> files;
  int top = 5;
  bool json = false;
};

void say(const std::string& file, const std::vector<Prediction>& predictions, bool json) {
  if (!json) {
    std::cout << file << '\n';
    for (const Prediction& p : predictions) std::cout << fmt::format("  {:6.2f} %  {}\n", 100 * p.probability, p.label);
    return;
  }
  OrderedJson line = {{"file", file}, {"predictions", OrderedJson::array()}};
  for (const Prediction& p : predictions)
    line["predictions"].push_back({{"label", p.label}, {"probability", p.probability}});
  std::cout << line.dump() << '\n';
}

void predict(const PredictOptions& options) {
  const Predictor predictor(read_bundle(options.bundle));
  std::size_t failed = 0;
  for (const auto& file : options.files) {
    try {
      say(file.string(), predictor.predict(read_file(file, kMaxPicture), options.top), options.json);
    } catch (const Error& error) {
      ++failed;
      const std::string what = error.what();
      spdlog::error("{}", what.find(file.string()) == std::string::npos ? file.string() + ": " + what : what);
    }
  }
  if (failed > 0) throw Exit{1};
}

}  // namespace

void add_predict(CLI::App& app) {
  auto options = std::make_shared<PredictOptions>();
  CLI::App* command = app.add_subcommand("predict", "Say what is in pictures");
  command->add_option("bundle", options->bundle, "A model")->required()->type_name("BUNDLE");
  command->add_option("file", options->files, "Pictures: JPEG, PNG, WebP, GIF or BMP")
      ->required()
      ->type_name("FILE...");
  command->add_option("--top", options->top, "How many labels, the likeliest first")
      ->check(quiet(CLI::Range(1, 100000)))
      ->type_name("N")
      ->capture_default_str();
  command->add_flag("--json", options->json, "Print a JSON object for each file");
  command->callback([options] { predict(*options); });
}

}  // namespace graft
