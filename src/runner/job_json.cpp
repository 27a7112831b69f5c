#include "base/json.h"
#include "runner/job.h"

namespace graft {
namespace {

constexpr const char* kSource = "the job's spec.json";

NLOHMANN_JSON_SERIALIZE_ENUM(JobChannel::Source, {{JobChannel::Source::prefix, "prefix"},
                                                  {JobChannel::Source::manifest, "manifest"},
                                                  {JobChannel::Source::augmented_manifest, "augmented_manifest"}})
NLOHMANN_JSON_SERIALIZE_ENUM(JobChannel::Mode, {{JobChannel::Mode::file, "file"},
                                                {JobChannel::Mode::fast_file, "fast_file"},
                                                {JobChannel::Mode::pipe, "pipe"}})

Json json_of(const JobChannel& channel) {
  Json json{{"name", channel.name},
            {"uri", channel.uri},
            {"sharded", channel.sharded},
            {"attributes", channel.attributes},
            {"gzip", channel.gzip},
            {"content_type", channel.content_type},
            {"record_wrapper", channel.record_wrapper}};
  to_json(json["source"], channel.source);
  to_json(json["mode"], channel.mode);
  if (channel.shuffle_seed) json["shuffle_seed"] = *channel.shuffle_seed;
  return json;
}

JobChannel channel_of(const Json& json) {
  JobChannel channel;
  channel.name = field<std::string>(json, "name", kSource);
  channel.uri = field<std::string>(json, "uri", kSource);
  channel.sharded = field_or(json, "sharded", channel.sharded, kSource);
  channel.attributes = field_or(json, "attributes", channel.attributes, kSource);
  channel.gzip = field_or(json, "gzip", channel.gzip, kSource);
  channel.content_type = field_or(json, "content_type", channel.content_type, kSource);
  channel.record_wrapper = field_or(json, "record_wrapper", channel.record_wrapper, kSource);
  from_json(field<Json>(json, "source", kSource), channel.source);
  from_json(field<Json>(json, "mode", kSource), channel.mode);
  if (json.contains("shuffle_seed")) channel.shuffle_seed = field<unsigned>(json, "shuffle_seed", kSource);
  return channel;
}

}  // namespace

void to_json(Json& json, const JobSpec& spec) {
  json = Json{{"account", spec.account},
              {"region", spec.region},
              {"name", spec.name},
              {"arn", spec.arn},
              {"image", spec.image},
              {"entrypoint", spec.entrypoint},
              {"arguments", spec.arguments},
              {"hyper_parameters", spec.hyper_parameters},
              {"environment", spec.environment},
              {"output_uri", spec.output_uri},
              {"compress_output", spec.compress_output},
              {"checkpoint_uri", spec.checkpoint_uri},
              {"checkpoint_path", spec.checkpoint_path.string()},
              {"instance_type", spec.instance_type},
              {"instances", spec.instances},
              {"most_runtime", spec.most_runtime.count()},
              {"retries", spec.retries},
              {"metrics", spec.metrics}};
  json["channels"] = Json::array();
  for (const JobChannel& channel : spec.channels) json["channels"].push_back(json_of(channel));
}

void from_json(const Json& json, JobSpec& spec) {
  const auto read = [&](const char* name, auto& value) {
    value = field<std::remove_reference_t<decltype(value)>>(json, name, kSource);
  };
  read("account", spec.account);
  read("region", spec.region);
  read("name", spec.name);
  read("arn", spec.arn);
  read("image", spec.image);
  read("entrypoint", spec.entrypoint);
  read("arguments", spec.arguments);
  read("hyper_parameters", spec.hyper_parameters);
  read("environment", spec.environment);
  read("output_uri", spec.output_uri);
  read("compress_output", spec.compress_output);
  read("checkpoint_uri", spec.checkpoint_uri);
  spec.checkpoint_path = field<std::string>(json, "checkpoint_path", kSource);
  read("instance_type", spec.instance_type);
  read("instances", spec.instances);
  spec.most_runtime = std::chrono::seconds(field<std::int64_t>(json, "most_runtime", kSource));
  read("retries", spec.retries);
  read("metrics", spec.metrics);
  spec.channels.clear();
  for (const Json& channel : field<Json>(json, "channels", kSource)) spec.channels.push_back(channel_of(channel));
}

}  // namespace graft
