// What a model's answers on a split say about it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "bundle/probabilities.h"
#include "report/report.h"

namespace graft {

// A model's answers on images whose truth is known.
struct Answers {
  std::size_t labels = 0;
  std::vector<int> truth;     // [images]
  std::vector<float> logits;  // [images, labels]

  std::size_t images() const { return truth.size(); }
  std::span<const float> of(std::size_t image) const { return {logits.data() + image * labels, labels}; }
};

// The answers on the images at these indices.
Answers select(const Answers& answers, const std::vector<std::size_t>& images);

// The label with the largest logit; the first of equals.
int decision(std::span<const float> logits);

double accuracy(const Answers& answers);
// The share of images whose truth is among the k largest logits.
double top_k_accuracy(const Answers& answers, std::size_t k);
// Mean cross-entropy in nats.
double log_loss(const Answers& answers, double temperature = 1);
// For each image, whether the decision is right.
std::vector<bool> rights(const Answers& answers);

// 95 % interval of a share (Wilson, 1927): right also near 0 and 1 and for few images.
Interval wilson_interval(std::size_t right, std::size_t total);

// 95 % interval of the mean accuracy over seeds, where rights[seed][image]: percentiles of a bootstrap that draws seeds
// and images with replacement. With one seed it is Wilson's. The images are the same for all seeds.
Interval accuracy_interval(const std::vector<std::vector<bool>>& rights);

// The temperature that minimises the log loss (Guo et al., "On calibration of modern neural networks", 2017), within
// 0.05 .. 20. Fit it on a split that the weights were not fitted on.
double fit_temperature(const Answers& answers);

// Ten bins of equal width.
Calibration calibration(const Answers& answers, double temperature);

std::vector<LabelMetrics> label_metrics(const Answers& answers, const std::vector<std::string>& labels);
std::vector<std::vector<std::size_t>> confusion_matrix(const Answers& answers);  // [truth][decision]

// The images that are wrong, the most confident first, at most `most` of them.
std::vector<std::size_t> confident_mistakes(const Answers& answers, double temperature, std::size_t most);

}  // namespace graft
