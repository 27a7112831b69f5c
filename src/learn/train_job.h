// `graft train`: from folders of images to a bundle and its report.
#pragma once

#include "base/json_forward.h"
#include "dist/group.h"
#include "recipe/train_options.h"

namespace graft {

// Runs the job and writes options.out: the bundle (docs/bundle_format.md), report.html, report.json, and run/ with each
// run's metrics, event files and checkpoint. Returns what --json prints.
OrderedJson run_train(const TrainOptions& options, Group& group);

}  // namespace graft
