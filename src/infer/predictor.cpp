#include "infer/predictor.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "bundle/probabilities.h"

namespace graft {
namespace {

// Checked before compiling: a bundle that does not fit together is said so in its own words.
Bundle checked(Bundle bundle) {
  const std::string& name = bundle.graph.architecture;
  require(!bundle.labels.empty(), name, ": this bundle is a backbone without labels; train a head for it first");
  const auto& input = std::get<Input>(bundle.graph.nodes.at(0).operation);
  const Preprocess& prepared = bundle.preprocess;
  require(input.channels == 3 && input.height == prepared.height && input.width == prepared.width, name,
          ": its graph takes ", input.channels, " x ", input.height, " x ", input.width,
          ", but its preprocessing makes 3 x ", prepared.height, " x ", prepared.width);
  require(bundle.temperature > 0 && std::isfinite(bundle.temperature), name, ": its temperature is ",
          bundle.temperature, ", not above 0");
  return bundle;
}

}  // namespace

Predictor::Predictor(Bundle bundle, int threads, Precision precision)
    : bundle_(checked(std::move(bundle))),
      plan_(bundle_.graph, bundle_.weights, {threads, precision, bundle_.activation_ranges}) {
  require(plan_.output_length() == static_cast<std::int64_t>(bundle_.labels.size()), bundle_.graph.architecture,
          ": its graph has ", plan_.output_length(), " outputs for ", bundle_.labels.size(), " labels");
  // So that the first picture does not wait.
  const std::vector<float> nothing(static_cast<std::size_t>(plan_.input_length()));
  std::vector<float> logits(bundle_.labels.size());
  plan_.run(nothing, 1, logits);
}

void Predictor::probabilities(std::span<const float> input, std::int64_t batch, std::span<float> output) const {
  plan_.run(input, batch, output);
  const std::size_t labels = bundle_.labels.size();
  for (std::size_t begin = 0; begin < output.size(); begin += labels) {
    const std::span<float> image = output.subspan(begin, labels);
    std::ranges::copy(graft::probabilities(image, bundle_.temperature), image.begin());
    require(std::isfinite(output[begin]), bundle_.graph.architecture,
            ": its output is not a number; its weights or the images it was given are damaged");
  }
}

std::vector<Prediction> Predictor::likeliest(std::span<const float> probabilities, int top) const {
  require(top > 0, "predict: the number of labels to return is at least 1, not ", top);
  std::vector<std::size_t> order(probabilities.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const std::size_t count = std::min(order.size(), static_cast<std::size_t>(top));
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
                    [&](std::size_t a, std::size_t b) {
                      return probabilities[a] != probabilities[b] ? probabilities[a] > probabilities[b] : a < b;
                    });
  std::vector<Prediction> best;
  for (std::size_t i = 0; i < count; ++i) best.push_back({bundle_.labels[order[i]], probabilities[order[i]]});
  return best;
}

std::vector<Prediction> Predictor::predict(ByteView picture, int top) const {
  std::vector<float> input(static_cast<std::size_t>(plan_.input_length())), output(bundle_.labels.size());
  preprocess_file(picture, bundle_.preprocess, input);
  probabilities(input, 1, output);
  return likeliest(output, top);
}

}  // namespace graft
