// Small bundles for this folder's tests.
#pragma once

#include <future>
#include <string>
#include <vector>

#include "base/file.h"
#include "bundle/bundle.h"
#include "bundle/head.h"
#include "serve/models.h"

namespace graft {

// A network that looks at the mean colour of a picture: its logits are 8 * (red, green, blue), in the order of
// `labels`.
inline Bundle colours(std::vector<std::string> labels = {"red", "green", "blue"}) {
  Bundle bundle;
  bundle.graph = {"tiny",
                  {{"input", Input{3, 4, 6}, {}, ""},
                   {"pool", GlobalAveragePool{}, {0}, ""},
                   {"flatten", Flatten{}, {1}, ""},
                   {"fc", Linear{.out_features = 3}, {2}, ""}},
                  2,
                  3,
                  {}};
  bundle.weights = {{"fc.weight", make_tensor({3, 3}, std::vector<float>{8, 0, 0, 0, 8, 0, 0, 0, 8})},
                    {"fc.bias", make_tensor({3}, std::vector<float>{0, 0, 0})}};
  bundle.labels = std::move(labels);
  bundle.preprocess = {.width = 6, .height = 4, .mean = {0, 0, 0}, .std = {1, 1, 1}};
  return bundle;
}

inline Bytes painted(std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
  Image image{30, 20, {}};
  for (int i = 0; i < 30 * 20; ++i) image.pixels.insert(image.pixels.end(), {red, green, blue});
  return encode_png(image);
}

// The likeliest label of a picture, as a request would get it.
inline std::string label_of(const Models::Pointer& model, const Bytes& picture) {
  std::promise<std::string> promise;
  model->trunk->submit(model->trunk->prepare(picture), [&](std::span<const float> output, std::exception_ptr error) {
    if (error) return promise.set_exception(error);
    const std::vector<float> probabilities = model->probabilities(output);
    promise.set_value(
        model->labels()[static_cast<std::size_t>(std::ranges::max_element(probabilities) - probabilities.begin())]);
  });
  return promise.get_future().get();
}

}  // namespace graft
