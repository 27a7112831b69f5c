#include "learn/infer_subject.h"

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/random.h"
#include "base/thread_pool.h"
#include "data/image_folder.h"
#include "graph/surgery.h"
#include "learn/network.h"
#include "zoo/architecture.h"

namespace graft {
namespace {

constexpr int kLabels = 1000;
constexpr std::size_t kMostImages = 64, kNoiseImages = 16;
constexpr std::uint64_t kMaxPicture = std::uint64_t{256} << 20;

Graph without_auxiliary(const Graph& graph) {
  return cut_at(graph, graph.nodes[static_cast<std::size_t>(graph.output)].name);
}

// Random weights whose batch norms tell the truth about what comes through them, as those of a trained network do: a
// plan chooses precisions by that.
Weights plausible_weights(Graph graph) {
  const Weights weights = initial_weights(graph, 1);
  for (Node& node : graph.nodes) {
    if (auto* norm = std::get_if<BatchNorm>(&node.operation)) norm->momentum = 1;  // only the batch at hand counts
  }
  const auto& input = std::get<Input>(graph.nodes[0].operation);
  Network network(graph, weights);
  const torch::NoGradGuard no_gradients;
  torch::manual_seed(1);
  network.forward(torch::randn({4, input.channels, input.height, input.width}), true);
  return network.weights();
}

PreparedImages noise(std::size_t length) {
  PreparedImages images{std::vector<float>(kNoiseImages * length), kNoiseImages, "random noise"};
  Random random(Key{1});
  for (float& value : images.pixels) value = static_cast<float>(random.normal());
  return images;
}

// Spread over all of the folder.
std::vector<std::filesystem::path> choose_files(const std::filesystem::path& folder) {
  require(std::filesystem::is_directory(folder), folder.string(), ": there is no such folder of images");
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && is_image_name(entry.path().string())) files.push_back(entry.path());
  }
  require(!files.empty(), folder.string(), ": there is no image in it (JPEG, PNG, WebP, GIF or BMP)");
  std::sort(files.begin(), files.end());
  const std::size_t step = (files.size() + kMostImages - 1) / kMostImages;
  std::vector<std::filesystem::path> chosen;
  for (std::size_t i = 0; i < files.size(); i += step) chosen.push_back(files[i]);
  return chosen;
}

PreparedImages read_images(const std::filesystem::path& folder, const Preprocess& preprocess, std::size_t length) {
  const auto files = choose_files(folder);
  PreparedImages images{std::vector<float>(files.size() * length), files.size(),
                        text(files.size(), " images of ", folder.string())};
  parallel_for(files.size(), available_cores(), [&](std::size_t i) {
    const Bytes content = read_file(files[i], kMaxPicture);
    try {
      preprocess_file(content, preprocess, std::span(images.pixels).subspan(i * length, length));
    } catch (const Error& error) {
      fail(error.kind(), files[i].string(), ": ", error.what());
    }
  });
  return images;
}

}  // namespace

Bundle open_network(const std::string& network) {
  if (is_bundle(network)) {
    Bundle bundle = read_bundle(network);
    bundle.graph = without_auxiliary(bundle.graph);
    return bundle;
  }
  try {
    Bundle bundle;
    bundle.graph = without_auxiliary(build(network, kLabels));
    bundle.weights = plausible_weights(bundle.graph);
    bundle.preprocess = published_preprocess(network);
    return bundle;
  } catch (const Error& error) {
    fail(error.kind(), network, " is no bundle, and ", error.what());
  }
}

PreparedImages open_images(const Bundle& bundle, const std::filesystem::path& folder) {
  const auto& input = std::get<Input>(bundle.graph.nodes[0].operation);
  const auto length = static_cast<std::size_t>(input.channels) * static_cast<std::size_t>(input.height * input.width);
  if (folder.empty()) return noise(length);
  require(input.channels == 3 && bundle.preprocess.width == input.width && bundle.preprocess.height == input.height,
          "--images: the network takes ", input.channels, " x ", input.height, " x ", input.width,
          ", and its preprocessing makes 3 x ", bundle.preprocess.height, " x ", bundle.preprocess.width);
  return read_images(folder, bundle.preprocess, length);
}

std::vector<float> make_batch(const PreparedImages& images, std::int64_t batch) {
  std::vector<float> out(images.pixels.size() / images.count * static_cast<std::size_t>(batch));
  for (std::size_t done = 0; done < out.size(); done += images.pixels.size()) {
    std::copy_n(images.pixels.begin(), std::min(images.pixels.size(), out.size() - done),
                out.begin() + static_cast<std::ptrdiff_t>(done));
  }
  return out;
}

}  // namespace graft
