#include "report/metrics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/random.h"

namespace graft {
namespace {

constexpr double kNormal95 = 1.959963984540054;
constexpr int kBootstrapDraws = 2000;
constexpr std::size_t kCalibrationBins = 10;

double share(std::size_t part, std::size_t whole) {
  return whole ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

std::size_t count_right(const std::vector<bool>& rights) {
  return static_cast<std::size_t>(std::count(rights.begin(), rights.end(), true));
}

double mean_of_a_draw(const std::vector<std::vector<bool>>& rights, Random& random) {
  const std::size_t seeds = rights.size(), images = rights[0].size();
  std::vector<std::size_t> drawn(seeds);
  for (std::size_t& seed : drawn) seed = random.below(seeds);
  std::size_t right = 0;
  for (std::size_t i = 0; i < images; ++i) {
    const std::size_t image = random.below(images);
    for (std::size_t seed : drawn) right += rights[seed][image];
  }
  return share(right, seeds * images);
}

}  // namespace

Answers select(const Answers& answers, const std::vector<std::size_t>& images) {
  Answers out{answers.labels, {}, {}};
  for (const std::size_t image : images) {
    const auto logits = answers.of(image);
    out.truth.push_back(answers.truth[image]);
    out.logits.insert(out.logits.end(), logits.begin(), logits.end());
  }
  return out;
}

int decision(std::span<const float> logits) {
  return static_cast<int>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

std::vector<bool> rights(const Answers& answers) {
  std::vector<bool> out(answers.images());
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = decision(answers.of(i)) == answers.truth[i];
  return out;
}

double accuracy(const Answers& answers) {
  return share(count_right(rights(answers)), answers.images());
}

double top_k_accuracy(const Answers& answers, std::size_t k) {
  std::size_t right = 0;
  for (std::size_t i = 0; i < answers.images(); ++i) {
    const auto logits = answers.of(i);
    const float truth = logits[static_cast<std::size_t>(answers.truth[i])];
    const auto larger = std::count_if(logits.begin(), logits.end(), [truth](float value) { return value > truth; });
    right += static_cast<std::size_t>(larger) < k;
  }
  return share(right, answers.images());
}

double log_loss(const Answers& answers, double temperature) {
  double sum = 0;
  for (std::size_t i = 0; i < answers.images(); ++i) {
    const auto logits = answers.of(i);
    const double largest = *std::max_element(logits.begin(), logits.end());
    double total = 0;
    for (float logit : logits) total += std::exp((logit - largest) / temperature);
    sum += std::log(total) - (logits[static_cast<std::size_t>(answers.truth[i])] - largest) / temperature;
  }
  return answers.images() ? sum / static_cast<double>(answers.images()) : 0;
}

Interval wilson_interval(std::size_t right, std::size_t total) {
  if (total == 0) return {0, 0, 1};
  const double n = static_cast<double>(total), p = share(right, total), z2 = kNormal95 * kNormal95;
  const double centre = (p + z2 / (2 * n)) / (1 + z2 / n);
  const double half = kNormal95 / (1 + z2 / n) * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n));
  // At the ends the interval ends too, but for rounding.
  return {p, right == 0 ? 0 : centre - half, right == total ? 1 : centre + half};
}

Interval accuracy_interval(const std::vector<std::vector<bool>>& rights) {
  if (rights.empty() || rights[0].empty()) return {0, 0, 1};
  if (rights.size() == 1) return wilson_interval(count_right(rights[0]), rights[0].size());
  std::vector<double> means(kBootstrapDraws);
  for (int i = 0; i < kBootstrapDraws; ++i) {
    Random random(derive(Key{0}, static_cast<std::uint64_t>(i)));
    means[static_cast<std::size_t>(i)] = mean_of_a_draw(rights, random);
  }
  std::sort(means.begin(), means.end());
  std::size_t right = 0;
  for (const auto& seed : rights) right += count_right(seed);
  return {share(right, rights.size() * rights[0].size()), means[kBootstrapDraws * 25 / 1000],
          means[kBootstrapDraws * 975 / 1000]};
}

// Golden-section search on the logarithm of the temperature: the loss has one minimum along it.
double fit_temperature(const Answers& answers) {
  if (answers.images() == 0) return 1;
  constexpr double kGolden = 0.6180339887498949;
  double low = std::log(0.05), high = std::log(20.0);
  const auto loss = [&](double log_temperature) { return log_loss(answers, std::exp(log_temperature)); };
  double left = high - kGolden * (high - low), right = low + kGolden * (high - low);
  double left_loss = loss(left), right_loss = loss(right);
  while (high - low > 1e-3) {
    if (left_loss < right_loss) {
      high = right, right = left, right_loss = left_loss;
      left_loss = loss(left = high - kGolden * (high - low));
    } else {
      low = left, left = right, left_loss = right_loss;
      right_loss = loss(right = low + kGolden * (high - low));
    }
  }
  return std::exp((low + high) / 2);
}

Calibration calibration(const Answers& answers, double temperature) {
  Calibration out;
  out.bins.resize(kCalibrationBins);
  for (std::size_t i = 0; i < answers.images(); ++i) {
    const std::vector<double> p = probabilities(answers.of(i), temperature);
    const int decided = decision(answers.of(i));
    const double confidence = p[static_cast<std::size_t>(decided)];
    auto& bin = out.bins[std::min(kCalibrationBins - 1, static_cast<std::size_t>(confidence * kCalibrationBins))];
    bin.confidence += confidence;
    bin.accuracy += decided == answers.truth[i];
    ++bin.images;
  }
  for (CalibrationBin& bin : out.bins) {
    if (bin.images == 0) continue;
    bin.confidence /= static_cast<double>(bin.images);
    bin.accuracy /= static_cast<double>(bin.images);
    out.expected_error += std::abs(bin.confidence - bin.accuracy) * share(bin.images, answers.images());
  }
  return out;
}

std::vector<std::vector<std::size_t>> confusion_matrix(const Answers& answers) {
  std::vector<std::vector<std::size_t>> matrix(answers.labels, std::vector<std::size_t>(answers.labels, 0));
  for (std::size_t i = 0; i < answers.images(); ++i) {
    ++matrix[static_cast<std::size_t>(answers.truth[i])][static_cast<std::size_t>(decision(answers.of(i)))];
  }
  return matrix;
}

std::vector<LabelMetrics> label_metrics(const Answers& answers, const std::vector<std::string>& labels) {
  const auto matrix = confusion_matrix(answers);
  std::vector<LabelMetrics> out;
  for (std::size_t label = 0; label < answers.labels; ++label) {
    std::size_t answered = 0;
    for (const auto& row : matrix) answered += row[label];
    const std::size_t images = std::accumulate(matrix[label].begin(), matrix[label].end(), std::size_t{0});
    out.push_back({labels[label], images, share(matrix[label][label], answered), share(matrix[label][label], images)});
  }
  return out;
}

std::vector<std::size_t> confident_mistakes(const Answers& answers, double temperature, std::size_t most) {
  std::vector<std::pair<double, std::size_t>> wrong;
  for (std::size_t i = 0; i < answers.images(); ++i) {
    const auto decided = static_cast<std::size_t>(decision(answers.of(i)));
    if (static_cast<int>(decided) == answers.truth[i]) continue;
    wrong.emplace_back(-probabilities(answers.of(i), temperature)[decided], i);
  }
  std::sort(wrong.begin(), wrong.end());
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < std::min(most, wrong.size()); ++i) out.push_back(wrong[i].second);
  return out;
}

}  // namespace graft
