// DataCaptureConfig of a batch transform: lists of what was asked and of the answers, in folders by the hour in which
// the job began. The objects themselves stay where they are.
// https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-batch.html
#pragma once

#include <string>
#include <vector>

#include "control/transform_plan.h"

namespace graft {

struct TransformCapture {
  S3Path path{};
  std::string content{};
};

// <DestinationS3Uri>/input/yyyy/mm/dd/hh/<job>.json and the same of output: manifests, as a transform job or a training
// job reads them. `start` is in seconds since 1970. REQUIRES: the plan captures.
std::vector<TransformCapture> captures_of(const TransformPlan& plan, const std::vector<TransformInput>& inputs,
                                          const std::string& job, double start);

}  // namespace graft
