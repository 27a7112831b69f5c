#include "container/job_config.h"

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxConfigBytes = 4 << 20;
constexpr std::size_t kMostParameters = 1000, kMostChannels = 100, kMaxNameBytes = 256;

// Tuning jobs and toolkits add these to any algorithm's.
bool is_of_the_platform(std::string_view name) {
  return name == "_tuning_objective_metric" || name.starts_with("sagemaker_");
}

// Some clients send a text as it is, others as JSON: "sgd" and "\"sgd\"" are the same.
std::string plain(const std::string& value) {
  const Json json = Json::parse(value, nullptr, false);
  return json.is_string() ? json.get<std::string>() : value;
}

std::string media_type(std::string_view content_type) {
  std::string type(content_type.substr(0, content_type.find(';')));
  std::erase_if(type, [](unsigned char c) { return std::isspace(c); });
  std::transform(type.begin(), type.end(), type.begin(), [](unsigned char c) { return std::tolower(c); });
  return type;
}

// It becomes a part of a path.
void check_name(const std::string& name, std::string_view source) {
  const auto is_plain = [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '-' || c == '.'; };
  require(!name.empty() && name.size() <= kMaxNameBytes && name[0] != '.' &&
              std::all_of(name.begin(), name.end(), is_plain),
          source, ": a channel's name is letters, digits, -, _ and dots, not \"", name.substr(0, kMaxNameBytes), "\"");
}

std::string read_config(const fs::path& path) {
  return fs::exists(path) ? read_text(path, kMaxConfigBytes) : std::string();
}

void read_hosts(JobConfig& job, const fs::path& path) {
  const std::string content = read_config(path);
  if (content.empty()) return;
  const Json json = parse_json(content, path.string());
  job.host = field_or<std::string>(json, "current_host", job.host, path.string());
  const auto hosts = field_or<std::vector<std::string>>(json, "hosts", {job.host}, path.string());
  job.hosts = static_cast<int>(std::max<std::size_t>(hosts.size(), 1));
}

}  // namespace

HyperParameters parse_hyper_parameters(std::string_view content, std::string_view source) {
  const Json json = parse_json(content, source);
  require(json.is_object(), source, ": expected an object of names and texts");
  require(json.size() <= kMostParameters, source, ": more than ", kMostParameters, " hyper-parameters");
  HyperParameters parameters;
  for (const auto& [name, value] : json.items()) {
    if (is_of_the_platform(name)) continue;
    require(value.is_primitive(), source, ": the hyper-parameter ", name, " is a list or an object");
    const std::string text = value.is_string() ? plain(value.get<std::string>()) : value.dump();
    if (text != "null") parameters[name] = text;
  }
  return parameters;
}

std::vector<Channel> parse_channels(std::string_view content, std::string_view source) {
  const Json json = parse_json(content, source);
  require(json.is_object(), source, ": expected an object of channels");
  require(json.size() <= kMostChannels, source, ": more than ", kMostChannels, " channels");
  std::vector<Channel> channels;
  for (const auto& [name, settings] : json.items()) {
    check_name(name, source);
    const std::string place = text(source, ", channel ", name);
    const auto mode = field_or<std::string>(settings, "TrainingInputMode", "File", place);
    require(mode == "File" || mode == "FastFile" || mode == "Pipe", place, ": the input mode ", mode,
            " is none of File, FastFile and Pipe");
    channels.push_back({.name = name,
                        .content_type = media_type(field_or<std::string>(settings, "ContentType", "", place)),
                        .pipe = mode == "Pipe",
                        .wrapped = field_or<std::string>(settings, "RecordWrapperType", "None", place) == "RecordIO"});
  }
  return channels;
}

JobConfig read_job(const OptMl& folders) {
  JobConfig job;
  const fs::path parameters = folders.config("hyperparameters.json"), data = folders.config("inputdataconfig.json");
  if (const std::string content = read_config(parameters); !content.empty()) {
    job.parameters = parse_hyper_parameters(content, parameters.filename().string());
  }
  if (const std::string content = read_config(data); !content.empty()) {
    job.channels = parse_channels(content, data.filename().string());
  } else {
    for (const char* name : {"train", "training", "validation", "test", "model", "train_lst", "validation_lst"}) {
      if (fs::is_directory(folders.channel(name))) job.channels.push_back({.name = name});
    }
  }
  read_hosts(job, folders.config("resourceconfig.json"));
  return job;
}

}  // namespace graft
