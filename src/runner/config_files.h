// An instance's folder as SageMaker lays /opt/ml out. Only for runner/.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "remote/store.h"
#include "runner/job.h"

namespace graft {

// Where a program sees the folders: "/opt/ml" in a container, the instance's folder itself for one of ours.
struct Seen {
  std::filesystem::path root{};
  std::filesystem::path checkpoints{};
};

// Makes the folders and writes input/config. What is there stays.
void lay_out(const JobSpec& spec, const std::string& host, const std::filesystem::path& folder);

// What SageMaker and its training toolkit set for a program, and what leads it to its objects. The job's own variables
// are not among them.
std::map<std::string, std::string> job_environment(const JobSpec& spec, const std::string& host, const Seen& seen,
                                                   const S3Settings& s3, int cores);

}  // namespace graft
