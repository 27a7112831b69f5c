#include "control/training_fields.h"

namespace graft {

using enum aws::Support;

std::vector<aws::Field> create_training_job_fields() {
  return {
      {"TrainingJobName", done},
      {"HyperParameters", done, "of graft's own images: docs/sagemaker.md has the tables"},
      {"AlgorithmSpecification.TrainingImage", done,
       "`graft`, `graft-training` and the built-in `image-classification`, with any registry and tag, run as "
       "processes; "
       "others need podman or docker"},
      {"AlgorithmSpecification.AlgorithmName", refused, "there is no marketplace: name a TrainingImage"},
      {"AlgorithmSpecification.TrainingInputMode", done},
      {"AlgorithmSpecification.MetricDefinitions", done, "graft's own images have theirs besides"},
      {"AlgorithmSpecification.EnableSageMakerMetricsTimeSeries", ignored},
      {"AlgorithmSpecification.ContainerEntrypoint", done},
      {"AlgorithmSpecification.ContainerArguments", done},
      {"AlgorithmSpecification.TrainingImageConfig", ignored},
      {"RoleArn", done, "checked and kept; what a job may reach is what its account may"},
      {"InputDataConfig[].ChannelName", done},
      {"InputDataConfig[].DataSource.S3DataSource.S3DataType", done,
       "`S3Prefix`, `ManifestFile`, `AugmentedManifestFile`"},
      {"InputDataConfig[].DataSource.S3DataSource.S3Uri", done, "in the form `s3://`"},
      {"InputDataConfig[].DataSource.S3DataSource.S3DataDistributionType", done},
      {"InputDataConfig[].DataSource.S3DataSource.AttributeNames", done},
      {"InputDataConfig[].DataSource.S3DataSource.InstanceGroupNames", refused, "all instances are of one type"},
      {"InputDataConfig[].DataSource.S3DataSource.ModelAccessConfig", refused, "there is no model hub"},
      {"InputDataConfig[].DataSource.S3DataSource.HubAccessConfig", refused, "there is no model hub"},
      {"InputDataConfig[].DataSource.FileSystemDataSource", refused, "channels are read from S3"},
      {"InputDataConfig[].DataSource.DatasetSource", refused, "channels are read from S3"},
      {"InputDataConfig[].ContentType", done},
      {"InputDataConfig[].CompressionType", done, "`Gzip` with the input mode Pipe only, as in SageMaker"},
      {"InputDataConfig[].RecordWrapperType", done},
      {"InputDataConfig[].InputMode", done},
      {"InputDataConfig[].ShuffleConfig", done},
      {"OutputDataConfig.S3OutputPath", done},
      {"OutputDataConfig.CompressionType", done},
      {"OutputDataConfig.KmsKeyId", ignored, "nothing is encrypted with it"},
      {"ResourceConfig.InstanceType", done,
       "says how many cores and how much memory an instance has: a job waits until both are free, one that is larger "
       "than "
       "the machine for all there is"},
      {"ResourceConfig.InstanceCount", done, "each is a process, with its rank"},
      {"ResourceConfig.VolumeSizeInGB", ignored},
      {"ResourceConfig.VolumeKmsKeyId", ignored, "nothing is encrypted with it"},
      {"ResourceConfig.KeepAlivePeriodInSeconds", ignored, "instances are processes: there is nothing to keep warm"},
      {"ResourceConfig.InstanceGroups", refused, "all instances are of one type"},
      {"ResourceConfig.TrainingPlanArn", refused, "there is no capacity to reserve"},
      {"ResourceConfig.InstancePlacementConfig", refused, "there is no capacity to reserve"},
      {"VpcConfig", ignored, "jobs run in the network of this machine"},
      {"StoppingCondition.MaxRuntimeInSeconds", done},
      {"StoppingCondition.MaxWaitTimeInSeconds", ignored, "checked; nothing is interrupted"},
      {"StoppingCondition.MaxPendingTimeInSeconds", ignored, "jobs wait until there is room"},
      {"Tags", done},
      {"EnableNetworkIsolation", ignored, "jobs run in the network of this machine"},
      {"EnableInterContainerTrafficEncryption", ignored},
      {"EnableManagedSpotTraining", ignored, "nothing is interrupted"},
      {"CheckpointConfig.S3Uri", done},
      {"CheckpointConfig.LocalPath", done},
      {"DebugHookConfig", ignored},
      {"DebugRuleConfigurations", ignored, "no rule is evaluated"},
      {"TensorBoardOutputConfig", ignored},
      {"ExperimentConfig", ignored},
      {"ProfilerConfig", ignored},
      {"ProfilerRuleConfigurations", ignored, "no rule is evaluated"},
      {"Environment", done},
      {"RetryStrategy.MaximumRetryAttempts", done},
      {"RemoteDebugConfig", ignored},
      {"InfraCheckConfig", ignored},
      {"SessionChainingConfig", ignored},
      {"ServerlessJobConfig", refused, "name a TrainingImage and a ResourceConfig"},
      {"MlflowConfig", refused, "graft does not speak to MLflow"},
      {"ModelPackageConfig", refused, "there is no model registry"},
  };
}

std::vector<aws::Field> list_fields(bool with_status) {
  std::vector<aws::Field> fields = {{"NameContains", done},
                                    {"CreationTimeAfter", done},
                                    {"CreationTimeBefore", done},
                                    {"SortBy", done},
                                    {"SortOrder", done, "`Descending` where it is not given"},
                                    {"MaxResults", done, "10 where it is not given"},
                                    {"NextToken", done}};
  if (with_status) {
    fields.push_back({"StatusEquals", done});
    fields.push_back({"LastModifiedTimeAfter", done});
    fields.push_back({"LastModifiedTimeBefore", done});
  }
  return fields;
}

std::vector<aws::Field> list_training_jobs_fields() {
  std::vector<aws::Field> fields = list_fields(true);
  fields.push_back({"WarmPoolStatusEquals", refused, "there are no warm pools"});
  fields.push_back({"TrainingPlanArnEquals", refused, "there are no training plans"});
  return fields;
}

std::vector<aws::Field> update_training_job_fields() {
  return {{"TrainingJobName", done},
          {"ProfilerConfig", ignored},
          {"ProfilerRuleConfigurations", ignored},
          {"ResourceConfig.KeepAlivePeriodInSeconds", ignored, "there is nothing to keep warm"},
          {"RemoteDebugConfig", ignored}};
}

}  // namespace graft
