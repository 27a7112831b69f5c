// A job: inputs from S3, a program under SageMaker's folder contract, outputs to S3. Knows nothing of SageMaker's API.
//
// A job's folder is its whole state: what is in it says what is done, so a runner that was killed goes on with it.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json_forward.h"

namespace graft {

struct JobChannel {
  enum class Source { prefix, manifest, augmented_manifest };
  enum class Mode { file, fast_file, pipe };
  std::string name{};
  Source source = Source::prefix;
  std::string uri{};
  bool sharded = false;                   // each instance gets a part of the objects
  std::vector<std::string> attributes{};  // of an augmented manifest
  Mode mode = Mode::file;
  bool gzip = false;
  std::string content_type{}, record_wrapper{};
  std::optional<unsigned> shuffle_seed{};
};

struct JobSpec {
  std::string account{}, region{}, name{}, arn{};
  std::string image{};  // as the request names it
  std::vector<std::string> entrypoint{}, arguments{};
  std::map<std::string, std::string> hyper_parameters{}, environment{};
  std::vector<JobChannel> channels{};
  std::string output_uri{};      // model.tar.gz is put to <output_uri>/<name>/output/
  bool compress_output = true;   // else the files themselves
  std::string checkpoint_uri{};  // empty: none
  std::filesystem::path checkpoint_path = "/opt/ml/checkpoints";
  std::string instance_type{};
  int instances = 1;
  std::chrono::seconds most_runtime{86400};
  int retries = 0;
  std::vector<std::pair<std::string, std::string>> metrics{};  // name and regular expression, applied to each line
};

// What a runner tells of a job, in this order: starting, downloading, training, uploading, then one of the last four.
// Between, restarting may come after training. Told again after a restart of the runner only when it changes.
enum class JobPhase {
  queued,
  starting,
  downloading,
  training,
  uploading,
  stopping,
  restarting,
  completed,
  failed,
  stopped,
  timed_out
};

inline bool is_end(JobPhase phase) {
  return phase == JobPhase::completed || phase == JobPhase::failed || phase == JobPhase::stopped ||
         phase == JobPhase::timed_out;
}

struct JobEvent {
  JobPhase phase{};
  double time = 0;         // seconds since 1970
  std::string message{};   // in SageMaker's words; of failed: why
  std::string artifact{};  // of the last four: the S3 path of the model, where there is one
};

void to_json(Json& json, const JobSpec& spec);
void from_json(const Json& json, JobSpec& spec);

}  // namespace graft
