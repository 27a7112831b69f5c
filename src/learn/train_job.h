// `graft train`: from folders of images to a bundle and its report.
#pragma once

#include "base/json_forward.h"
#include "dist/group.h"
#include "recipe/train_options.h"

namespace graft {

// Runs the job and writes options.out: the bundle (docs/bundle_format.md), report.html, report.json, and run/ with each
// run's metrics, event files and checkpoints. Returns what --json prints. Where is_elastic(options), it begins anew
// with the ranks that are left when one is lost outside of the training loop, which goes on by itself.
OrderedJson run_train(TrainOptions options, Group& group);

}  // namespace graft
