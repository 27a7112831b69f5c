// `train` as Amazon SageMaker starts it: without arguments, with a job laid out in /opt/ml. docs/sagemaker.md says what
// maps to what.
#pragma once

#include <filesystem>

namespace graft {

// Whether these arguments and what lies in /opt/ml (or GRAFT_OPT_ML) ask for that.
bool is_container_train(int argc, char** argv);

// Runs `learn` (graft-learn) on the job and writes the model, the report and, where it fails, the reason to where they
// are expected. Returns the exit code.
int container_train(const std::filesystem::path& learn);

}  // namespace graft
