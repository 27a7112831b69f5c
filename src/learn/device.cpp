#include "learn/device.h"

#include <torch/cuda.h>

#include "base/error.h"
#include "infer/plan.h"
#include "membership/place.h"

namespace graft {

torch::Device device_of(const TrainOptions& options) {
  if (options.device == TrainOptions::Device::cpu) return torch::kCPU;
  const auto count = static_cast<int>(torch::cuda::device_count());
  if (count == 0) {
    require(options.device == TrainOptions::Device::automatic,
            "there is no GPU that this build's libtorch can use: pass --device cpu, or build with a CUDA libtorch");
    return torch::kCPU;
  }
  const std::optional<Place> place = find_place();
  return {torch::kCUDA, static_cast<c10::DeviceIndex>((place ? place->local_rank : 0) % count)};
}

bool computes_in_bf16(torch::Device device) {
  return device.is_cuda() || is_available(Precision::bf16);
}

}  // namespace graft
