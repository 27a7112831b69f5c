#include "control/training_request.h"

#include <set>

#include "control/fields.h"
#include "control/images.h"
#include "control/objects.h"
#include "control/resource.h"

namespace graft {
namespace {

constexpr double kMostRuntime = 28 * 86400;
constexpr double kMostInstances = 100;

void check_algorithm(const Json& algorithm) {
  const std::string at = "AlgorithmSpecification";
  if (!aws::text_if(algorithm, "TrainingImage", {.most = 255}, at)) {
    throw validation_error(
        "You must specify the TrainingImage of the AlgorithmSpecification: graft has no AlgorithmName to choose from");
  }
  aws::text_of(algorithm, "TrainingInputMode", {.one_of = {"Pipe", "File", "FastFile"}}, at);
  const Json& metrics = aws::list_of(algorithm, "MetricDefinitions", {.most = 40}, at);
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    const std::string place = fields::member("AlgorithmSpecification.MetricDefinitions", i);
    aws::text_of(metrics[i], "Name", {.least = 1, .most = 255}, place);
    aws::text_of(metrics[i], "Regex", {.least = 1, .most = 500}, place);
  }
  for (const char* list : {"ContainerEntrypoint", "ContainerArguments"}) {
    for (const Json& argument : aws::list_of(algorithm, list, {.most = 100}, at)) {
      if (!argument.is_string() || argument.get_ref<const std::string&>().size() > 256) {
        aws::invalid_field(at, list, argument, "Member must be a string of at most 256 characters");
      }
    }
  }
}

void check_channel(const Json& channel, const std::string& at, const std::string& job_mode) {
  aws::text_of(channel, "ChannelName", {.least = 1, .most = 64, .pattern = "[A-Za-z0-9\\.\\-_]+"}, at);
  const Json& source = aws::object_of(channel, "DataSource", at);
  if (!source.contains("S3DataSource"))
    aws::invalid_field(at + ".DataSource", "S3DataSource", nullptr, "Member must not be null");
  const std::string place = at + ".DataSource.S3DataSource";
  const Json& s3 = source.at("S3DataSource");
  const std::string type =
      aws::text_of(s3, "S3DataType", {.one_of = {"ManifestFile", "S3Prefix", "AugmentedManifestFile"}}, place);
  fields::s3_uri_of(s3, "S3Uri", place);
  aws::text_if(s3, "S3DataDistributionType", {.one_of = {"FullyReplicated", "ShardedByS3Key"}}, place);
  aws::text_if(channel, "ContentType", fields::short_text(), at);
  aws::text_if(channel, "RecordWrapperType", {.one_of = {"None", "RecordIO"}}, at);
  const bool gzip = aws::text_if(channel, "CompressionType", {.one_of = {"None", "Gzip"}}, at) == "Gzip";
  const std::string mode =
      aws::text_if(channel, "InputMode", {.one_of = {"Pipe", "File", "FastFile"}}, at).value_or(job_mode);
  const std::string name = channel.at("ChannelName");
  if (gzip && mode != "Pipe") {
    throw validation_error(text("CompressionType Gzip of the channel ", name, " needs the input mode Pipe"));
  }
  if (mode == "FastFile" && type != "S3Prefix") {
    throw validation_error(text("The input mode FastFile of the channel ", name, " needs the S3DataType S3Prefix"));
  }
  if (type == "AugmentedManifestFile" && aws::list_of(s3, "AttributeNames", {.most = 16}, place).empty()) {
    throw validation_error(
        text("The channel ", name, " is an AugmentedManifestFile: its AttributeNames must say what to read"));
  }
}

void check_channel_fields(const Json& input) {
  const Json& channels = aws::list_of(input, "InputDataConfig", {.most = 20});
  const std::string mode = input.at("AlgorithmSpecification").at("TrainingInputMode");
  std::set<std::string> names;
  for (std::size_t i = 0; i < channels.size(); ++i) {
    check_channel(channels[i], fields::member("InputDataConfig", i), mode);
    const std::string name = channels[i].at("ChannelName");
    if (!names.insert(name).second)
      throw validation_error(text("Duplicate channel name ", name, " in InputDataConfig"));
  }
}

void check_resources(const Json& resources) {
  const std::string at = "ResourceConfig";
  aws::text_of(resources, "InstanceType", fields::instance_type(), at);
  aws::integer_of(resources, "InstanceCount", {1, kMostInstances}, at);
  aws::integer_if(resources, "VolumeSizeInGB", {0, 1e6}, at);
}

void check_times(const Json& input) {
  const Json& condition = aws::object_of(input, "StoppingCondition");
  const auto runtime = aws::integer_if(condition, "MaxRuntimeInSeconds", {1, kMostRuntime}, "StoppingCondition");
  const auto wait = aws::integer_if(condition, "MaxWaitTimeInSeconds", {1, kMostRuntime}, "StoppingCondition");
  const bool spot = aws::flag_of(input, "EnableManagedSpotTraining");
  if (spot && wait.value_or(0) < runtime.value_or(86400)) {
    throw validation_error(
        "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds");
  }
  if (!spot && wait) {
    throw validation_error("Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is true");
  }
}

JobChannel channel_of(const Json& channel, const std::string& job_mode) {
  const Json& s3 = channel.at("DataSource").at("S3DataSource");
  const std::string type = s3.at("S3DataType"), mode = channel.value("InputMode", job_mode);
  JobChannel made{.name = channel.at("ChannelName"),
                  .source = type == "S3Prefix"       ? JobChannel::Source::prefix
                            : type == "ManifestFile" ? JobChannel::Source::manifest
                                                     : JobChannel::Source::augmented_manifest,
                  .uri = s3.at("S3Uri"),
                  .sharded = s3.value("S3DataDistributionType", "") == "ShardedByS3Key",
                  .attributes = s3.value("AttributeNames", std::vector<std::string>()),
                  .mode = mode == "File"   ? JobChannel::Mode::file
                          : mode == "Pipe" ? JobChannel::Mode::pipe
                                           : JobChannel::Mode::fast_file,
                  .gzip = channel.value("CompressionType", "None") == "Gzip",
                  .content_type = channel.value("ContentType", ""),
                  .record_wrapper = channel.value("RecordWrapperType", "None")};
  if (channel.contains("ShuffleConfig")) {
    made.shuffle_seed =
        static_cast<unsigned>(aws::integer_of(channel.at("ShuffleConfig"), "Seed", {}, "ShuffleConfig"));
  }
  return made;
}

std::vector<std::pair<std::string, std::string>> metrics_of(const Json& algorithm, const std::string& image) {
  std::vector<std::pair<std::string, std::string>> metrics;
  for (const Json& metric : aws::list_of(algorithm, "MetricDefinitions")) {
    metrics.emplace_back(metric.at("Name"), metric.at("Regex"));
  }
  if (image != kOwnImage) return metrics;
  for (const auto& own : own_metrics()) {
    const bool defined =
        std::any_of(metrics.begin(), metrics.end(), [&](const auto& metric) { return metric.first == own.first; });
    if (!defined) metrics.push_back(own);
  }
  return metrics;
}

}  // namespace

void check_training_request(const Json& input) {
  aws::text_of(input, "TrainingJobName", fields::job_name());
  aws::text_of(input, "RoleArn", fields::role_arn());
  for (const char* name : {"AlgorithmSpecification", "OutputDataConfig", "ResourceConfig"}) {
    if (!input.contains(name)) aws::invalid_field("", name, nullptr, "Member must not be null");
    aws::object_of(input, name);
  }
  check_algorithm(input.at("AlgorithmSpecification"));
  check_channel_fields(input);
  fields::s3_uri_of(input.at("OutputDataConfig"), "S3OutputPath", "OutputDataConfig");
  aws::text_if(input.at("OutputDataConfig"), "CompressionType", {.one_of = {"GZIP", "NONE"}}, "OutputDataConfig");
  check_resources(input.at("ResourceConfig"));
  check_times(input);
  aws::map_of(input, "HyperParameters", {.most = 100}, fields::short_text(), {.most = 2500});
  aws::map_of(input, "Environment", {.most = 100}, fields::variable(), {.most = 512});
  if (input.contains("CheckpointConfig")) {
    fields::s3_uri_of(input.at("CheckpointConfig"), "S3Uri", "CheckpointConfig");
    aws::text_if(input.at("CheckpointConfig"), "LocalPath", {.most = 4096, .pattern = "/.*"}, "CheckpointConfig");
  }
  if (input.contains("RetryStrategy")) {
    aws::integer_of(input.at("RetryStrategy"), "MaximumRetryAttempts", {1, 30}, "RetryStrategy");
  }
}

JobSpec training_job_spec(const Record& record) {
  const Json& document = record.document;
  const Json& algorithm = document.at("AlgorithmSpecification");
  const Json& resources = document.at("ResourceConfig");
  JobSpec spec{.account = record.account,
               .region = maker_of(record, document.at("TrainingJobArn").get<std::string>()).region,
               .name = record.name,
               .arn = document.at("TrainingJobArn"),
               .image = resolve_image(algorithm.at("TrainingImage").get<std::string>()),
               .entrypoint = algorithm.value("ContainerEntrypoint", std::vector<std::string>()),
               .arguments = algorithm.value("ContainerArguments", std::vector<std::string>()),
               .hyper_parameters = document.value("HyperParameters", std::map<std::string, std::string>()),
               .environment = document.value("Environment", std::map<std::string, std::string>()),
               .output_uri = document.at("OutputDataConfig").at("S3OutputPath"),
               .compress_output = document.at("OutputDataConfig").value("CompressionType", "GZIP") == "GZIP",
               .instance_type = resources.at("InstanceType"),
               .instances = resources.at("InstanceCount"),
               .most_runtime = std::chrono::seconds(document.at("StoppingCondition").at("MaxRuntimeInSeconds"))};
  const std::string mode = algorithm.at("TrainingInputMode");
  for (const Json& channel : aws::list_of(document, "InputDataConfig"))
    spec.channels.push_back(channel_of(channel, mode));
  if (document.contains("CheckpointConfig")) {
    const Json& checkpoints = document.at("CheckpointConfig");
    spec.checkpoint_uri = checkpoints.at("S3Uri");
    spec.checkpoint_path = checkpoints.value("LocalPath", spec.checkpoint_path.string());
  }
  if (document.contains("RetryStrategy")) spec.retries = document.at("RetryStrategy").at("MaximumRetryAttempts");
  spec.metrics = metrics_of(algorithm, spec.image);
  return spec;
}

void check_channels(const Control& control, const Caller& caller, const Json& input) {
  for (const Json& channel : aws::list_of(input, "InputDataConfig")) {
    const Json& s3 = channel.at("DataSource").at("S3DataSource");
    const std::string uri = s3.at("S3Uri");
    if (has_objects(control, caller.account, uri, s3.at("S3DataType") != "S3Prefix")) continue;
    throw validation_error(text("No S3 objects found under S3 URL \"", uri,
                                "\" given in input data source. Please ensure that the bucket exists in the selected "
                                "region (",
                                caller.region, "), that objects exist under that S3 prefix, and that the role \"",
                                input.at("RoleArn").get<std::string>(),
                                "\" has \"s3:ListBucket\" permissions on bucket \"", parse_s3(uri).bucket, "\"."));
  }
}

}  // namespace graft
