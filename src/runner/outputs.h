// What a job leaves, on its way to its objects. Only for runner/.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "remote/store.h"
#include "runner/job.h"

namespace graft {

// Of all instances' folders: where two hold a file of the same name, the first one's counts.
struct Outputs {
  std::vector<std::filesystem::path> folders{};  // their /opt/ml
  std::filesystem::path scratch{};               // to pack in
};

bool has_model(const Outputs& outputs);

// Puts the model to <output_uri>/<name>/output/ and returns its S3 path.
std::string upload_model(const S3Settings& s3, const JobSpec& spec, const Outputs& outputs);
// The same for what is in output/data. Nothing where that is empty.
void upload_output_data(const S3Settings& s3, const JobSpec& spec, const Outputs& outputs);

// "AlgorithmError: <what the program wrote to output/failure>, exit code: 1", of at most 1024 bytes.
std::string failure_of(const std::filesystem::path& folder, int status);

}  // namespace graft
