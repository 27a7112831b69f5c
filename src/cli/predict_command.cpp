#include <fmt/format.h>

#include <deque>
#include <filesystem>
#include <future>
#include <iostream>
#include <memory>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/thread_pool.h"
#include "cli/commands.h"
#include "cli/precision_option.h"
#include "cli/remote_paths.h"
#include "infer/predictor.h"

namespace graft {
namespace {

constexpr std::uint64_t kMaxPicture = std::uint64_t{256} << 20;
constexpr std::size_t kBatch = 32;

struct PredictOptions {
  std::filesystem::path bundle;
  std::vector<std::filesystem::path> paths;
  std::vector<RemotePaths::File> files{};  // what lies at the paths
  std::optional<Precision> precision;
  int top = 5;
  bool json = false;
};

// A picture as the network takes it, or what is wrong with the file.
struct Prepared {
  std::vector<float> pixels;
  std::string problem;
};

Prepared prepare(const std::filesystem::path& file, const Preprocess& preprocess) {
  try {
    std::vector<float> pixels(static_cast<std::size_t>(3 * preprocess.width * preprocess.height));
    preprocess_file(read_file(file, kMaxPicture), preprocess, pixels);
    return {std::move(pixels), ""};
  } catch (const Error& error) {
    const std::string what = error.what();
    return {{}, what.find(file.string()) == std::string::npos ? file.string() + ": " + what : what};
  }
}

// Settles options.precision.
Predictor open_predictor(PredictOptions& options) {
  Bundle bundle = read_bundle(options.bundle);
  options.precision = precision_to_use(bundle, options.precision);
  const PrecisionCheck* check = find_check(bundle.precision_checks, *options.precision);
  require(!check || passes(*check), options.bundle.string(), ": ", check ? describe(*check) : "",
          ", which is too far from fp32: answer in another --precision");
  return Predictor(std::move(bundle), 0, *options.precision);
}

void say(const std::string& file, const std::vector<Prediction>& predictions, const PredictOptions& options) {
  if (!options.json) {
    std::cout << file << '\n';
    for (const Prediction& p : predictions) std::cout << fmt::format("  {:6.2f} %  {}\n", 100 * p.probability, p.label);
    return;
  }
  OrderedJson line = {
      {"file", file}, {"precision", name_of(*options.precision)}, {"predictions", OrderedJson::array()}};
  for (const Prediction& p : predictions)
    line["predictions"].push_back({{"label", p.label}, {"probability", p.probability}});
  std::cout << line.dump() << '\n';
}

// Answers for one picture after the other of `batch`, which begins at options.files[first]. How many could not be read.
std::size_t answer(const Predictor& predictor, const PredictOptions& options, std::size_t first,
                   const std::vector<Prepared>& batch) {
  std::vector<float> pixels;
  for (const Prepared& each : batch) pixels.insert(pixels.end(), each.pixels.begin(), each.pixels.end());
  const auto failed = static_cast<std::size_t>(
      std::count_if(batch.begin(), batch.end(), [](const Prepared& each) { return each.pixels.empty(); }));
  const std::size_t labels = predictor.bundle().labels.size();
  std::vector<float> out((batch.size() - failed) * labels);
  if (!out.empty()) predictor.probabilities(pixels, static_cast<std::int64_t>(batch.size() - failed), out);
  std::size_t row = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (batch[i].pixels.empty()) {
      spdlog::error("{}", batch[i].problem);
      continue;
    }
    const auto probabilities = std::span<const float>(out).subspan(labels * row++, labels);
    say(options.files[first + i].shown, predictor.likeliest(probabilities, options.top), options);
  }
  return failed;
}

void predict(PredictOptions options) {
  const Predictor predictor = open_predictor(options);
  if (!options.json) spdlog::info("computed in {}", name_of(*options.precision));
  // While one batch is answered, the pictures of the next are decoded.
  ThreadPool pool(available_cores());
  std::deque<std::future<Prepared>> coming;
  std::size_t begun = 0, failed = 0;
  for (std::size_t first = 0; first < options.files.size(); first += kBatch) {
    for (; begun < std::min(options.files.size(), first + 2 * kBatch); ++begun) {
      coming.push_back(pool.submit(
          [&file = options.files[begun], &predictor] { return prepare(file.local, predictor.bundle().preprocess); }));
    }
    std::vector<Prepared> batch;
    for (; !coming.empty() && batch.size() < kBatch; coming.pop_front()) batch.push_back(coming.front().get());
    failed += answer(predictor, options, first, batch);
  }
  if (failed > 0) throw Exit{1};
}

}  // namespace

void add_predict(CLI::App& app) {
  auto options = std::make_shared<PredictOptions>();
  CLI::App* command = app.add_subcommand("predict", "Say what is in pictures");
  command->add_option("bundle", options->bundle, "A model")->required()->type_name("BUNDLE");
  command->add_option("file", options->paths, "Pictures: JPEG, PNG, WebP, GIF or BMP")
      ->required()
      ->type_name("FILE...");
  command->add_option("--top", options->top, "How many labels, the likeliest first")
      ->check(quiet(CLI::Range(1, 100000)))
      ->type_name("N")
      ->capture_default_str();
  add_precision(command, options->precision, "What to compute in [what the bundle records]");
  command->add_flag("--json", options->json, "Print a JSON object for each file");
  const auto remote = add_remote_paths(command);
  command->callback([options, remote] {
    if (options->json) silence_progress();
    options->bundle = remote->model(options->bundle);
    options->files = remote->files(options->paths);
    predict(*options);
  });
}

}  // namespace graft
