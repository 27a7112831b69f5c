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
// job reads them. REQUIRES: the plan captures.
std::vector<TransformCapture> captures_of(const TransformPlan& plan, const std::vector<TransformInput>& inputs,
                                          const std::string& job);

// Of CreateTransformJob's request, whose other fields were checked. Throws what AWS's service answers.
void check_capture(const Json& request);

// The answers, each record with a new id and the time when the job began: two cells of a row of CSV, two fields of a
// JSON object, a line or the whole. Throws Kind::invalid for what is neither.
std::string with_inference_ids(const TransformPlan& plan, std::string_view answers);

}  // namespace graft
