#include "control/endpoint_fields.h"

namespace graft {

using enum aws::Support;

std::vector<aws::Field> create_endpoint_config_fields() {
  return {
      {"EndpointConfigName", done},
      {"ProductionVariants[].VariantName", done},
      {"ProductionVariants[].ModelName", done},
      {"ProductionVariants[].InitialInstanceCount", done, "each is a process"},
      {"ProductionVariants[].InstanceType", done, "says how many cores an instance has"},
      {"ProductionVariants[].InitialVariantWeight", done},
      {"ProductionVariants[].ServerlessConfig", done,
       "one process, which ends after 300 s without requests unless concurrency is provisioned; sizes are kept"},
      {"ProductionVariants[].AcceleratorType", ignored},
      {"ProductionVariants[].VolumeSizeInGB", ignored},
      {"ProductionVariants[].ModelDataDownloadTimeoutInSeconds", ignored},
      {"ProductionVariants[].ContainerStartupHealthCheckTimeoutInSeconds", ignored},
      {"ProductionVariants[].EnableSSMAccess", ignored},
      {"ProductionVariants[].RoutingConfig", ignored, "requests go to the instance that has the fewest"},
      {"ProductionVariants[].InferenceAmiVersion", ignored},
      {"ProductionVariants[].CoreDumpConfig", refused, "cores are the system's"},
      {"ProductionVariants[].ManagedInstanceScaling", refused, "the number of instances is what it is set to"},
      {"ProductionVariants[].InstancePools", refused, "all instances are of one type"},
      {"ProductionVariants[].VariantInstanceProvisionTimeoutInSeconds", ignored},
      {"ProductionVariants[].CapacityReservationConfig", refused, "there is no capacity to reserve"},
      {"DataCaptureConfig.EnableCapture", done},
      {"DataCaptureConfig.InitialSamplingPercentage", done},
      {"DataCaptureConfig.DestinationS3Uri", done},
      {"DataCaptureConfig.KmsKeyId", ignored, "nothing is encrypted with it"},
      {"DataCaptureConfig.CaptureOptions", done},
      {"DataCaptureConfig.CaptureContentTypeHeader", ignored, "what is no text is captured in base64"},
      {"Tags", done, "`graft:idle-seconds`: the endpoint's processes end after so long without requests; 0: never"},
      {"KmsKeyId", ignored, "nothing is encrypted with it"},
      {"AsyncInferenceConfig", refused, "asynchronous inference is not built"},
      {"ExplainerConfig", refused, "explanations are not built"},
      {"ShadowProductionVariants", refused, "shadow variants are not built"},
      {"ExecutionRoleArn", done, "checked and kept"},
      {"VpcConfig", ignored, "models run in the network of this machine"},
      {"EnableNetworkIsolation", ignored},
      {"MetricsConfig", ignored},
  };
}

namespace {

void add_deployment(std::vector<aws::Field>& fields) {
  const std::vector<aws::Field> deployment = {
      {"DeploymentConfig.BlueGreenUpdatePolicy.TrafficRoutingConfiguration", done},
      {"DeploymentConfig.BlueGreenUpdatePolicy.TerminationWaitInSeconds", ignored,
       "old processes end when their last request is answered"},
      {"DeploymentConfig.BlueGreenUpdatePolicy.MaximumExecutionTimeoutInSeconds", done},
      {"DeploymentConfig.RollingUpdatePolicy.MaximumBatchSize", done, "as a linear shift in steps of this size"},
      {"DeploymentConfig.RollingUpdatePolicy.WaitIntervalInSeconds", done},
      {"DeploymentConfig.RollingUpdatePolicy.MaximumExecutionTimeoutInSeconds", done},
      {"DeploymentConfig.RollingUpdatePolicy.RollbackMaximumBatchSize", ignored, "it goes back at once"},
      {"DeploymentConfig.AutoRollbackConfiguration", done},
  };
  fields.insert(fields.end(), deployment.begin(), deployment.end());
}

}  // namespace

std::vector<aws::Field> create_endpoint_fields() {
  std::vector<aws::Field> fields = {{"EndpointName", done},
                                    {"EndpointConfigName", done},
                                    {"Tags", done, "`graft:public` is `true`: everybody may invoke it"}};
  add_deployment(fields);
  return fields;
}

std::vector<aws::Field> update_endpoint_fields() {
  std::vector<aws::Field> fields = {{"EndpointName", done},
                                    {"EndpointConfigName", done},
                                    {"RetainAllVariantProperties", done},
                                    {"ExcludeRetainedVariantProperties", done},
                                    {"RetainDeploymentConfig", done}};
  add_deployment(fields);
  return fields;
}

std::vector<aws::Field> update_weights_fields() {
  return {{"EndpointName", done},
          {"DesiredWeightsAndCapacities[].VariantName", done},
          {"DesiredWeightsAndCapacities[].DesiredWeight", done},
          {"DesiredWeightsAndCapacities[].DesiredInstanceCount", done},
          {"DesiredWeightsAndCapacities[].ServerlessUpdateConfig", refused, "a serverless variant is one process"}};
}

}  // namespace graft
