// The number formats that a compiled network computes in, and what is recorded of them in a bundle.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_forward.h"

namespace graft {

enum class Precision { fp32, bf16, int8 };  // a later one is faster, where the processor has it

std::string name_of(Precision precision);  // "fp32", ...
// Throws, listing the names, when it is none of them.
Precision precision_from_name(std::string_view name);

// The values that a layer's output takes on real images; in int8 it saturates beyond them. low <= 0 <= high.
struct ActivationRange {
  float low = 0, high = 0;
  bool operator==(const ActivationRange&) const = default;
};

// By the name of the graph's node.
using ActivationRanges = std::map<std::string, ActivationRange>;

// How the same weights answer in a precision and in fp32, on validation images. Where that was seen to fail before the
// pass over the training images, the weights are those of a head fitted to the checked images themselves, and the
// accuracies are that head's, not the model's.
struct PrecisionCheck {
  Precision precision = Precision::fp32;
  int images = 0;
  double agreement = 1;  // share of the images where both name the same label
  double accuracy = 0, fp32_accuracy = 0;
  bool operator==(const PrecisionCheck&) const = default;
};

// What a precision has to keep of fp32's answers: the label of 99.5 % of the images, and its accuracy within half a
// point. In images that is one at least, as soon as there are 50 of them: a precision that does change one answer in
// 200 would otherwise be refused by chance on 100 images, four times in ten. On fewer than 50 nothing may change.
constexpr double kLeastAgreement = 0.995;
constexpr double kMostAccuracyLost = 0.005;
constexpr int kFewImages = 50;

bool passes(const PrecisionCheck& check);
// Whether a check by a rougher head, which decides less surely, leaves it possible that the real one passes: at most
// twice as many other answers, and one.
bool has_a_chance(const PrecisionCheck& check);
// The numbers in words: "int8 names the same label as fp32 on 98.04 % of 153 images and is right on ...".
std::string describe(const PrecisionCheck& check);

// The check of `precision`; null when there is none.
const PrecisionCheck* find_check(const std::vector<PrecisionCheck>& checks, Precision precision);

// As graft.json has them. What is read is of the right form, but not yet of a certain graph.
OrderedJson to_json(const std::vector<PrecisionCheck>& checks);
OrderedJson to_json(const ActivationRanges& ranges);
std::vector<PrecisionCheck> precision_checks_from_json(const Json& json, const std::string& source);
ActivationRanges activation_ranges_from_json(const Json& json, const std::string& source);

}  // namespace graft
