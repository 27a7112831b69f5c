#include "learn/validation.h"

#include <numeric>

#include "learn/mixed_precision.h"

namespace graft {
namespace {

constexpr std::size_t kValidationBatch = 64;

// A part of the answers, as it travels between ranks: logits behind labels.
std::string packed(const std::vector<int>& truth, const std::vector<float>& logits) {
  std::string out(reinterpret_cast<const char*>(truth.data()), truth.size() * sizeof(int));
  out.append(reinterpret_cast<const char*>(logits.data()), logits.size() * sizeof(float));
  return out;
}

void unpack(const std::string& part, Answers& answers) {
  const std::size_t images = part.size() / (sizeof(int) + answers.labels * sizeof(float));
  const auto* truth = reinterpret_cast<const int*>(part.data());
  const auto* logits = reinterpret_cast<const float*>(part.data() + images * sizeof(int));
  answers.truth.insert(answers.truth.end(), truth, truth + images);
  answers.logits.insert(answers.logits.end(), logits, logits + images * answers.labels);
}

}  // namespace

torch::Tensor images_of(Batch& batch, const Preprocess& p, torch::Device device) {
  const torch::Tensor images =
      torch::from_blob(batch.pixels.data(), {static_cast<std::int64_t>(batch.labels.size()), 3, p.height, p.width});
  // From pinned memory the copy runs beside what the GPU computes.
  return device.is_cuda() ? images.pin_memory().to(device, /*non_blocking=*/true) : images;
}

Answers answer(Network& network, const DatasetPtr& dataset, const Preprocess& preprocess, std::size_t threads,
               Group& group, bool mixed_precision) {
  const auto rank = static_cast<std::size_t>(group.rank()), ranks = static_cast<std::size_t>(group.size());
  const std::size_t begin = dataset->size() * rank / ranks, end = dataset->size() * (rank + 1) / ranks;
  std::vector<std::size_t> order(end - begin);
  std::iota(order.begin(), order.end(), begin);
  Loader loader(dataset, std::move(order),
                {.batch = kValidationBatch,
                 .floats_per_sample = pixels_of(preprocess),
                 .threads = threads,
                 .ahead = kBatchesAhead},
                [&](const Sample& sample, std::size_t, std::span<float> out) {
                  preprocess_file(sample.content, preprocess, out);
                });
  std::vector<int> truth;
  std::vector<float> values;
  Batch batch;
  while (loader.next(batch)) {
    const MixedPrecision rounding(network.device(), mixed_precision);
    const torch::Tensor logits =
        infer(network, images_of(batch, preprocess, network.device())).to(torch::kCPU, torch::kFloat32).contiguous();
    truth.insert(truth.end(), batch.labels.begin(), batch.labels.end());
    values.insert(values.end(), logits.data_ptr<float>(), logits.data_ptr<float>() + logits.numel());
  }
  Answers answers{dataset->labels().size(), {}, {}};
  for (const std::string& part : group.gather(packed(truth, values))) unpack(part, answers);
  return answers;
}

}  // namespace graft
