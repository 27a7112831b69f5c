// Images are divided into a fixed number of parts, whose sums are added in order: a fit does not depend on the number
// of cores. A core takes a block of rows of its part through logits, softmax and gradient while the block is in its
// cache.
#include "learn/head_objective.h"

#include <algorithm>
#include <cmath>

#include "base/thread_pool.h"
#include "learn/head_kernels.h"
#include "learn/loss.h"

namespace graft {
namespace {

constexpr std::int64_t kParts = 32;
// A block of 1,280 features is 330 kB.
constexpr std::int64_t kBlockRows = 64;
// Rows to find mean and spread with.
constexpr std::int64_t kStandardRows = 256;

Standard standard_of(const torch::Tensor& features, const HeadSpec& spec) {
  const std::int64_t rows = features.size(0);
  torch::Tensor sum = torch::zeros({features.size(1)}, torch::kFloat64), squares = sum.clone();
  for (std::int64_t begin = 0; begin < rows; begin += kStandardRows) {
    const torch::Tensor block = taken(features.slice(0, begin, std::min(rows, begin + kStandardRows)), spec);
    sum += block.sum(0);
    squares += block.square().sum(0);
  }
  const torch::Tensor mean = sum / static_cast<double>(rows);
  const torch::Tensor deviation = (squares / static_cast<double>(rows) - mean.square()).clamp_min(0).sqrt();
  const double floor = std::max(1e-12, 0.5 * deviation.mean().item<double>());
  return {mean.to(torch::kFloat32), (1 / (deviation + floor)).to(torch::kFloat32)};
}

// A head as the kernels read it.
struct PackedHead {
  std::int64_t labels, length, groups;
  torch::Tensor weight, bias;  // [groups, length, kLanes], [groups, kLanes]; zeros where there is no label

  explicit PackedHead(const LinearHead& raw)
      : labels(raw.weight.size(0)), length(raw.weight.size(1)), groups((labels + kLanes - 1) / kLanes) {
    const std::int64_t missing = groups * kLanes - labels;
    weight = torch::constant_pad_nd(raw.weight, {0, 0, 0, missing});
    weight = weight.view({groups, kLanes, length}).transpose(1, 2).contiguous();
    bias = torch::constant_pad_nd(raw.bias, {0, missing}).contiguous();
  }
  std::int64_t stride() const { return groups * kLanes; }

  // logits: [rows, stride()]
  void apply(const float* features, std::int64_t rows, float* logits) const {
    for (std::int64_t row = 0; row < rows; ++row)
      std::copy_n(bias.data_ptr<float>(), stride(), logits + row * stride());
    for (std::int64_t group = 0; group < groups; ++group) {
      head_kernels().back().add_products(features, rows, length, weight.data_ptr<float>() + group * length * kLanes,
                                         logits + group * kLanes, stride());
    }
  }
};

// Pieces, as libtorch would begin threads of its own for more.
void take_roots(const float* from, std::int64_t count, float* to) {
  constexpr std::int64_t kPiece = 1 << 14;
  for (std::int64_t i = 0; i < count; i += kPiece) {
    const std::int64_t size = std::min(kPiece, count - i);
    torch::Tensor out = torch::from_blob(to + i, {size});
    torch::sqrt_out(out, torch::from_blob(const_cast<float*>(from) + i, {size}));
  }
}

// Blocks of what a head reads of the rows from `begin` to `end`: visit(first row, rows, their features).
template <typename Visit>
void each_block(const torch::Tensor& features, const HeadSpec& spec, std::int64_t begin, std::int64_t end,
                Visit visit) {
  const std::int64_t length = features.size(1);
  std::vector<float> roots(static_cast<std::size_t>(spec.root ? kBlockRows * length : 0));
  for (; begin < end; begin += kBlockRows) {
    const std::int64_t rows = std::min(kBlockRows, end - begin);
    const float* block = features.data_ptr<float>() + begin * length;
    if (spec.root) {
      take_roots(block, rows * length, roots.data());
      block = roots.data();
    }
    visit(begin, rows, block);
  }
}

// Calls body(part, begin, end) for the parts of `rows` rows, on all cores.
template <typename Body>
void each_part(std::int64_t rows, Body body) {
  parallel_for(kParts, available_cores(), [&](std::size_t part) {
    const auto i = static_cast<std::int64_t>(part);
    body(part, rows * i / kParts, rows * (i + 1) / kParts);
  });
}

// Cross-entropy of one image. `logits` become its slope by them.
double cross_entropy_of(float* logits, const float* target, std::int64_t labels) {
  const float largest = *std::max_element(logits, logits + labels);
  float sum = 0, mass = 0;
  double loss = 0;
  for (std::int64_t i = 0; i < labels; ++i) {
    mass += target[i];
    loss -= static_cast<double>(target[i]) * (logits[i] - largest);
    sum += logits[i] = std::exp(logits[i] - largest);
  }
  for (std::int64_t i = 0; i < labels; ++i) logits[i] = logits[i] * (mass / sum) - target[i];
  return loss + static_cast<double>(mass) * std::log(static_cast<double>(sum));
}

// What one part of the images adds to the loss and its gradient.
struct Sums {
  double loss = 0;
  std::vector<float> weight, bias;  // as in PackedHead

  void add(const PackedHead& head, const float* features, std::int64_t rows, const float* targets, float* logits) {
    head.apply(features, rows, logits);
    for (std::int64_t row = 0; row < rows; ++row) {
      float* slope = logits + row * head.stride();
      loss += cross_entropy_of(slope, targets + row * head.labels, head.labels);
      for (std::int64_t i = 0; i < head.labels; ++i) bias[static_cast<std::size_t>(i)] += slope[i];
    }
    for (std::int64_t group = 0; group < head.groups; ++group) {
      head_kernels().back().add_outer_products(features, rows, head.length, logits + group * kLanes, head.stride(),
                                               weight.data() + group * head.length * kLanes);
    }
  }
};

void add_to(std::vector<float>& sum, const std::vector<float>& part) {
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += part[i];
}

LinearHead unpacked(Sums& sums, const PackedHead& head) {
  const torch::Tensor weight = torch::from_blob(sums.weight.data(), head.weight.sizes()).transpose(1, 2);
  return {weight.reshape({head.stride(), head.length}).slice(0, 0, head.labels).contiguous(),
          torch::from_blob(sums.bias.data(), {head.labels}).clone()};
}

}  // namespace

torch::Tensor taken(const torch::Tensor& features, const HeadSpec& spec) {
  return spec.root ? features.sqrt() : features;
}

LinearHead LinearHead::on_raw(const Standard& standard) const {
  const torch::Tensor raw = weight * standard.inverse_deviation;
  // Not raw.mv(): OpenBLAS would wake threads for it, which then spin beside those of the products.
  return {raw, bias - (raw * standard.mean).sum(1)};
}

void linear_logits(const torch::Tensor& features, const HeadSpec& spec, const LinearHead& raw,
                   const torch::Tensor& logits) {
  const PackedHead head(raw);
  float* out = logits.data_ptr<float>();
  each_part(features.size(0), [&](std::size_t, std::int64_t part_begin, std::int64_t part_end) {
    std::vector<float> padded(static_cast<std::size_t>(kBlockRows * head.stride()));
    each_block(features, spec, part_begin, part_end, [&](std::int64_t begin, std::int64_t rows, const float* block) {
      head.apply(block, rows, padded.data());
      for (std::int64_t row = 0; row < rows; ++row) {
        std::copy_n(padded.data() + row * head.stride(), head.labels, out + (begin + row) * head.labels);
      }
    });
  });
}

Objective::Objective(const FeatureSet& data, const HeadSettings& settings)
    : set_(data), spec_(settings.spec), standard_(standard_of(data.features, settings.spec)) {
  const std::vector<std::int64_t> labels(data.labels.begin(), data.labels.end());
  targets_ = smooth_targets(torch::tensor(labels), settings.spec.labels, settings.label_smoothing);
  if (!settings.label_weights.empty()) targets_ = targets_ * torch::tensor(settings.label_weights);
  targets_ = targets_.contiguous();
  total_ = targets_.sum().item<double>();
}

double Objective::evaluate(const LinearHead& head, LinearHead& gradient, double regularisation) const {
  const PackedHead packed(head.on_raw(standard_));
  std::vector<Sums> parts(kParts);
  const float* targets = targets_.data_ptr<float>();
  each_part(set_.features.size(0), [&](std::size_t i, std::int64_t part_begin, std::int64_t part_end) {
    parts[i].weight.resize(static_cast<std::size_t>(packed.weight.numel()));
    parts[i].bias.resize(static_cast<std::size_t>(packed.stride()));
    std::vector<float> logits(static_cast<std::size_t>(kBlockRows * packed.stride()));
    each_block(set_.features, spec_, part_begin, part_end,
               [&](std::int64_t begin, std::int64_t rows, const float* block) {
                 parts[i].add(packed, block, rows, targets + begin * packed.labels, logits.data());
               });
  });
  Sums& all = parts[0];
  for (std::size_t i = 1; i < parts.size(); ++i) {
    all.loss += parts[i].loss;
    add_to(all.weight, parts[i].weight);
    add_to(all.bias, parts[i].bias);
  }
  const LinearHead sum = unpacked(all, packed);
  gradient.weight = (sum.weight - sum.bias.unsqueeze(1) * standard_.mean) * standard_.inverse_deviation / total_ +
                    2 * regularisation * head.weight;
  gradient.bias = sum.bias / total_;
  return all.loss / total_ + regularisation * head.weight.square().sum().item<double>();
}

}  // namespace graft
