// ECR, as much as scripts that push an image call: names of repositories, and a token. graft has no registry of images:
// a job's image is looked for by the runner.
#pragma once

#include <filesystem>
#include <memory>

#include "aws/operation.h"

namespace graft {

class ImageRepositories {
 public:
  // Kept in ecr.db of the folder, which is made.
  explicit ImageRepositories(const std::filesystem::path& folder);
  ~ImageRepositories();

  // Good for as long as this lives; thread-safe.
  aws::Service service();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace graft
