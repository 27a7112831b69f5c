#include "runner/config_files.h"

#include <algorithm>

#include "base/file.h"
#include "base/json.h"
#include "runner/job_folder.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

constexpr const char* kGroup = "homogeneousCluster";
constexpr const char* kInterface = "lo";

Json resource_config(const JobSpec& spec, const std::string& host) {
  const std::vector<std::string> hosts = hosts_of(spec);
  return {
      {"current_host", host},
      {"current_instance_type", spec.instance_type},
      {"current_group_name", kGroup},
      {"hosts", hosts},
      {"instance_groups", {{{"instance_group_name", kGroup}, {"instance_type", spec.instance_type}, {"hosts", hosts}}}},
      {"network_interface_name", kInterface},
      {"topology", nullptr}};
}

Json input_data_config(const JobSpec& spec) {
  Json channels = Json::object();
  for (const JobChannel& channel : spec.channels) {
    const char* mode = channel.mode == JobChannel::Mode::pipe        ? "Pipe"
                       : channel.mode == JobChannel::Mode::fast_file ? "FastFile"
                                                                     : "File";
    Json& json = channels[channel.name];
    json = {{"TrainingInputMode", mode},
            {"S3DistributionType", channel.sharded ? "ShardedByS3Key" : "FullyReplicated"},
            {"RecordWrapperType", channel.record_wrapper.empty() ? "None" : channel.record_wrapper}};
    if (!channel.content_type.empty()) json["ContentType"] = channel.content_type;
  }
  return channels;
}

// As the toolkit reads hyper-parameters: JSON where they are, text otherwise.
Json value_of(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  return json.is_discarded() ? Json(text) : json;
}

std::string plain(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

bool is_of_the_platform(const std::string& name) {
  return name.starts_with("sagemaker_") || name == "_tuning_objective_metric";
}

std::string upper(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::toupper(c); });
  return name;
}

void add_hyper_parameters(const JobSpec& spec, std::map<std::string, std::string>& variables) {
  Json all = Json::object(), arguments = Json::array();
  for (const auto& [name, text] : spec.hyper_parameters) {
    if (is_of_the_platform(name)) continue;
    const Json value = value_of(text);
    all[name] = value;
    // What no variable's name can hold is in SM_HPS only.
    if (name.find('=') == std::string::npos) variables["SM_HP_" + upper(name)] = plain(value);
    arguments.push_back((name.size() == 1 ? "-" : "--") + name);
    arguments.push_back(plain(value));
  }
  variables["SM_HPS"] = all.dump();
  variables["SM_USER_ARGS"] = arguments.dump();
}

void add_folders(const JobSpec& spec, const Seen& seen, std::map<std::string, std::string>& variables) {
  const auto set = [&](const char* name, const char* folder) { variables[name] = (seen.root / folder).string(); };
  set("SM_MODEL_DIR", "model");
  set("SM_INPUT_DIR", "input");
  set("SM_INPUT_CONFIG_DIR", "input/config");
  set("SM_OUTPUT_DIR", "output");
  set("SM_OUTPUT_DATA_DIR", "output/data");
  set("SM_OUTPUT_INTERMEDIATE_DIR", "output/intermediate");
  Json channels = Json::array();
  for (const JobChannel& channel : spec.channels) {
    channels.push_back(channel.name);
    variables["SM_CHANNEL_" + upper(channel.name)] = (seen.root / "input/data" / channel.name).string();
  }
  std::sort(channels.begin(), channels.end());
  variables["SM_CHANNELS"] = channels.dump();
}

void add_access(const JobSpec& spec, const S3Settings& s3, std::map<std::string, std::string>& variables) {
  const auto set = [&](const char* name, const std::string& value) {
    if (!value.empty()) variables[name] = value;
  };
  const std::string region = spec.region.empty() ? s3.region : spec.region;
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION", "SAGEMAKER_REGION"}) set(name, region);
  set("AWS_ENDPOINT_URL", s3.endpoint);
  set("AWS_ENDPOINT_URL_S3", s3.endpoint);
  set("S3_ENDPOINT_URL", s3.endpoint);
  set("AWS_ACCESS_KEY_ID", s3.access_key);
  set("AWS_SECRET_ACCESS_KEY", s3.secret_key);
  set("AWS_SESSION_TOKEN", s3.session_token);
}

}  // namespace

void lay_out(const JobSpec& spec, const std::string& host, const fs::path& folder) {
  for (const char* name : {"input/config", "input/data", "model", "output/data", "checkpoints"}) {
    make_folder(folder / name);
  }
  const fs::path config = folder / "input/config";
  write_file(config / "hyperparameters.json", Json(spec.hyper_parameters).dump());
  write_file(config / "inputdataconfig.json", input_data_config(spec).dump());
  write_file(config / "resourceconfig.json", resource_config(spec, host).dump());
  if (spec.checkpoint_uri.empty()) return;
  const Json checkpoints{{"S3Uri", spec.checkpoint_uri}, {"LocalPath", spec.checkpoint_path.string()}};
  write_file(config / "checkpointconfig.json", checkpoints.dump());
}

std::map<std::string, std::string> job_environment(const JobSpec& spec, const std::string& host, const Seen& seen,
                                                   const S3Settings& s3, int cores) {
  std::map<std::string, std::string> variables{{"TRAINING_JOB_NAME", spec.name},
                                               {"TRAINING_JOB_ARN", spec.arn},
                                               {"SAGEMAKER_JOB_NAME", spec.name},
                                               {"CURRENT_HOST", host},
                                               {"SM_CURRENT_HOST", host},
                                               {"SM_CURRENT_INSTANCE_TYPE", spec.instance_type},
                                               {"SM_CURRENT_INSTANCE_GROUP", kGroup},
                                               {"SM_HOSTS", Json(hosts_of(spec)).dump()},
                                               {"SM_NETWORK_INTERFACE_NAME", kInterface},
                                               {"SM_NUM_CPUS", std::to_string(cores)},
                                               {"SM_NUM_GPUS", "0"},
                                               {"SM_LOG_LEVEL", "20"},
                                               {"SM_INPUT_DATA_CONFIG", input_data_config(spec).dump()},
                                               {"SM_RESOURCE_CONFIG", resource_config(spec, host).dump()}};
  add_hyper_parameters(spec, variables);
  add_folders(spec, seen, variables);
  add_access(spec, s3, variables);
  return variables;
}

}  // namespace graft
