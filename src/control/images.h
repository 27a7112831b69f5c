// Which images are graft itself: a job or model that names one is run by the programs beside this one. Others need a
// container engine.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace graft {

// What runner/ and hosting/ take for graft's own programs.
inline constexpr const char* kOwnImage = "graft";

// kOwnImage for graft's own images, with any registry and tag ("graft", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/
// graft-training:2"), and for the built-in image-classification algorithm of every region; the image itself otherwise.
std::string resolve_image(std::string_view image);

// Of the built-in image-classification algorithm, whose endpoints answer with bare probabilities.
bool is_image_classification(std::string_view image);

// The metrics of graft's own images, which a request need not define: name and regular expression.
const std::vector<std::pair<std::string, std::string>>& own_metrics();

}  // namespace graft
