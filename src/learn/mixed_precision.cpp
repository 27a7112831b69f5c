#include "learn/mixed_precision.h"

#include <ATen/autocast_mode.h>
#include <torch/version.h>

namespace graft {
namespace {

void switch_autocast(bool cuda, bool on) {
#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
  at::autocast::set_autocast_enabled(cuda ? at::kCUDA : at::kCPU, on);
  at::autocast::set_autocast_dtype(cuda ? at::kCUDA : at::kCPU, at::kBFloat16);
#else
  if (cuda) {
    at::autocast::set_enabled(on);
    at::autocast::set_autocast_gpu_dtype(at::kBFloat16);
  } else {
    at::autocast::set_cpu_enabled(on);
    at::autocast::set_autocast_cpu_dtype(at::kBFloat16);
  }
#endif
}

}  // namespace

MixedPrecision::MixedPrecision(torch::Device device, bool on) : cuda_(device.is_cuda()), on_(on) {
  if (!on_) return;
  switch_autocast(cuda_, true);
  at::autocast::increment_nesting();
}

MixedPrecision::~MixedPrecision() {
  if (!on_) return;
  // Weights that were rounded for this pass are those of another step next time.
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  switch_autocast(cuda_, false);
}

}  // namespace graft
