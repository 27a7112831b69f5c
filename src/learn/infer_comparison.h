// `graft bench infer`: plans beside libtorch in one process, on the same weights and the same images, turn about.
#pragma once

#include "base/json_forward.h"
#include "recipe/infer_comparison_options.h"

namespace graft {

// What --json prints:
//
//   network, weights, input, flops (of one image), threads, images, calibration
//   speeds    [{form, precision, batch, images_per_second, ...}]        the median of rounds in turn; form is plan,
//             eager or frozen, where bf16 is autocast with channels last; share_of_ceiling, ratio_to_frozen_bf16 and
//             ratio_to_eager where they have a meaning
//   plans     [{precision, load_seconds, weight_bytes, arena_bytes}]    the first load
//   ceilings  [{precision, flops_per_second}]                           see infer/ceiling.h
//   files     [{precision, files, images_per_second, busy}]             with --images: from files to features; busy is
//             the share of the cores' time in which they worked
//   layers    [{precision, batch, steps: [{name, operation, precision, seconds, share, flops_per_second}]}]
//             the largest batch, in the order of computation
OrderedJson compare_inference(const InferComparisonOptions& options);

}  // namespace graft
