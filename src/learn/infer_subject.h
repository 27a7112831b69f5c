// What `graft bench infer` measures: a network, and the images that it computes on.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "bundle/bundle.h"

namespace graft {

// A bundle's network, or that of the zoo with 1000 labels and random weights; without what only training uses. Throws
// when there is neither of that name.
Bundle open_network(const std::string& network);

// Prepared images, [count, channels, height, width].
struct PreparedImages {
  std::vector<float> pixels;
  std::size_t count = 0;
  std::string source;  // in words
};

// Up to 64 images from all over `folder`, prepared as the bundle says; random noise when `folder` is empty.
PreparedImages open_images(const Bundle& bundle, const std::filesystem::path& folder);

// The images one after the other, from the first again after the last.
std::vector<float> make_batch(const PreparedImages& images, std::int64_t batch);

}  // namespace graft
