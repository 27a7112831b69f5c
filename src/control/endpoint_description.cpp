#include "control/endpoint_description.h"

#include <algorithm>

#include "control/resource.h"

namespace graft {
namespace {

Json images_of(const Record& endpoint, const VariantSpec& variant) {
  const Json& images = endpoint.inner.at("Images");
  const std::string image = images.value(variant.model, variant.image);
  return Json::array({{{"SpecifiedImage", image}, {"ResolvedImage", image}, {"ResolutionTime", endpoint.created}}});
}

Json describe_variant(const Record& endpoint, const VariantSpec& variant, const EndpointState* state) {
  Json described{{"VariantName", variant.name}, {"DeployedImages", images_of(endpoint, variant)},
                 {"CurrentWeight", 0},          {"DesiredWeight", variant.weight},
                 {"CurrentInstanceCount", 0},   {"DesiredInstanceCount", variant.instances}};
  if (!state) return described;
  const auto found = std::find_if(state->variants.begin(), state->variants.end(),
                                  [&](const VariantState& one) { return one.name == variant.name; });
  if (found == state->variants.end()) return described;
  described["CurrentWeight"] = found->current_weight;
  described["CurrentInstanceCount"] = found->current_instances;
  return described;
}

Json describe_capture(const CaptureSpec& capture) {
  return {{"EnableCapture", true},
          {"CaptureStatus", "Started"},
          {"CurrentSamplingPercentage", capture.percentage},
          {"DestinationS3Uri", capture.uri},
          {"KmsKeyId", ""}};
}

}  // namespace

Json describe_endpoint(const Record& endpoint, const std::optional<EndpointState>& state) {
  const Json& inner = endpoint.inner;
  // While an update goes on, what is in service is described, and what is to come beside it.
  const bool pending = inner.contains("Before") && inner["Before"]["config"] != inner["Spec"]["config"];
  const auto spec = (pending ? inner.at("Before") : inner.at("Spec")).get<EndpointSpec>();
  Json answer = described(endpoint, "EndpointStatus");
  for (const VariantSpec& variant : spec.variants) {
    answer["ProductionVariants"].push_back(describe_variant(endpoint, variant, state ? &*state : nullptr));
  }
  if (spec.capture) answer["DataCaptureConfig"] = describe_capture(*spec.capture);
  if (!pending) return answer;
  const auto next = inner.at("Spec").get<EndpointSpec>();
  Json summary{{"EndpointConfigName", next.config}, {"StartTime", endpoint.modified}};
  for (const VariantSpec& variant : next.variants) {
    summary["ProductionVariants"].push_back(describe_variant(endpoint, variant, nullptr));
  }
  answer["PendingDeploymentSummary"] = summary;
  return answer;
}

}  // namespace graft
