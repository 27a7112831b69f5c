#include "serve/model.h"

#include <algorithm>
#include <cmath>
#include <future>

#include "base/error.h"
#include "base/thread_pool.h"
#include "bundle/probabilities.h"
#include "graph/surgery.h"

namespace graft {
namespace {

constexpr std::size_t kLettersOfDigest = 12;

Precision precision_of(const Bundle& bundle, const TrunkOptions& options) {
  return options.precision ? options.precision(bundle) : Precision::fp32;
}

Graph graph_of(const Bundle& bundle, Trunk::Output output) {
  if (output == Trunk::Output::features) return backbone(bundle.graph);
  require(!bundle.labels.empty(), bundle.graph.architecture,
          ": this bundle is a backbone without labels; serve it with --backbone and --heads, or train a head for it");
  return bundle.graph;
}

}  // namespace

Trunk::Trunk(Bundle bundle, Output output, const TrunkOptions& options)
    : Trunk(std::move(bundle), graph_of(bundle, output),
            output == Output::features ? backbone_digest(bundle) : std::string(), options) {}

Trunk::Trunk(Bundle&& bundle, const Graph& graph, std::string digest, const TrunkOptions& options)
    : preprocess_(bundle.preprocess),
      digest_(std::move(digest)),
      precision_(precision_of(bundle, options)),
      plan_(graph, bundle.weights,
            {.precision = precision_,
             .ranges = bundle.activation_ranges,
             .one_image = options.one_image,
             .in_background = options.in_background}),
      batcher_({.most = options.most_pictures,
                .delay = options.delay,
                .output_length = static_cast<std::size_t>(plan_.output_length()),
                .observe = options.observe},
               [this](std::span<const Image> pictures, std::span<float> outputs) { compute(pictures, outputs); }) {
  require(plan_.input_length() == std::int64_t{3} * preprocess_.width * preprocess_.height, graph.architecture,
          ": its graph takes ", plan_.input_length(), " numbers, but its preprocessing makes 3 x ", preprocess_.height,
          " x ", preprocess_.width);
  require(!digest_.empty() || plan_.output_length() == static_cast<std::int64_t>(bundle.labels.size()),
          graph.architecture, ": its graph has ", plan_.output_length(), " outputs for ", bundle.labels.size(),
          " labels");
  warm_up(1);
  warm_up(available_cores());
}

void Trunk::compute(std::span<const Image> pictures, std::span<float> outputs) const {
  const auto length = static_cast<std::size_t>(plan_.input_length());
  // Kept by the batcher's threads, as fetching a batch's pages from the system takes as long as a picture.
  thread_local std::vector<float> input;
  input.resize(std::max(input.size(), pictures.size() * length));
  const std::span<float> used(input.data(), pictures.size() * length);
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    normalise(pictures[i], preprocess_, used.subspan(i * length, length));
  }
  plan_.run(used, static_cast<std::int64_t>(pictures.size()), outputs);
}

// On the batcher's own threads, so that what they keep is there.
void Trunk::warm_up(std::size_t pictures) const {
  const auto pixels = static_cast<std::size_t>(plan_.input_length());
  std::vector<std::future<void>> done;
  for (std::size_t i = 0; i < pictures; ++i) {
    const auto promise = std::make_shared<std::promise<void>>();
    done.push_back(promise->get_future());
    submit({preprocess_.width, preprocess_.height, std::vector<std::uint8_t>(pixels)},
           [promise](std::span<const float>, std::exception_ptr error) {
             error ? promise->set_exception(error) : promise->set_value();
           });
  }
  for (auto& each : done) each.get();
}

std::vector<float> Model::probabilities(std::span<const float> output) const {
  std::vector<float> result(labels().size());
  if (head) {
    answer(*head, output, result);
  } else {
    std::ranges::copy(graft::probabilities(output, temperature), result.begin());
  }
  if (!std::isfinite(result.front())) {
    fail(Kind::internal, "the model ", name, ": its output is not a number; its weights are damaged");
  }
  return result;
}

Model model_of_head(std::string name, std::filesystem::path file, std::shared_ptr<const Trunk> trunk) {
  Head head = read_head(file);
  require(head.backbone == trunk->digest(), file.string(), ": the head is of the backbone ",
          head.backbone.substr(0, kLettersOfDigest), ", and ", trunk->digest().substr(0, kLettersOfDigest),
          " is served; train it from that one");
  require(head.layers.front().inputs == trunk->output_length(), file.string(), ": the head takes ",
          head.layers.front().inputs, " features of ", trunk->output_length());
  return {.name = std::move(name), .source = std::move(file), .trunk = std::move(trunk), .head = std::move(head)};
}

}  // namespace graft
