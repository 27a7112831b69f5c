#include "control/images.h"

#include <algorithm>
#include <array>

namespace graft {
namespace {

constexpr std::string_view kImageClassification = "image-classification";
constexpr std::array<std::string_view, 5> kOwnRepositories = {"graft", "graft-training", "graft-serving",
                                                              "graft-inference", kImageClassification};

// "registry:5000/team/name:tag@sha256:.." without registry, tag and digest: the last part of the repository's path.
std::string_view repository_of(std::string_view image) {
  image = image.substr(0, image.find('@'));
  if (const std::size_t slash = image.rfind('/'); slash != std::string_view::npos) image.remove_prefix(slash + 1);
  return image.substr(0, image.find(':'));
}

}  // namespace

std::string resolve_image(std::string_view image) {
  const std::string_view repository = repository_of(image);
  const bool own = std::find(kOwnRepositories.begin(), kOwnRepositories.end(), repository) != kOwnRepositories.end();
  return std::string(own ? std::string_view(kOwnImage) : image);
}

bool is_image_classification(std::string_view image) {
  return repository_of(image) == kImageClassification;
}

const std::vector<std::pair<std::string, std::string>>& own_metrics() {
  // container/metric_lines writes these lines.
  static const std::vector<std::pair<std::string, std::string>> metrics = {
      {"train:accuracy", "train:accuracy=([0-9.]+)"},
      {"train:loss", "train:loss=([0-9.]+)"},
      {"validation:accuracy", "validation:accuracy=([0-9.]+)"},
      {"validation:loss", "validation:loss=([0-9.]+)"},
      {"test:accuracy", "test:accuracy=([0-9.]+)"},
  };
  return metrics;
}

}  // namespace graft
