// From `graft train` to graft-learn, with copies in place of s3:// paths.
#pragma once

#include <string>
#include <vector>

#include "cli/remote_paths.h"
#include "recipe/train_options.h"

namespace graft {

// Becomes the program with these words, the first of which is its name. Throws when it cannot be started.
[[noreturn]] void become(const std::string& program, std::vector<std::string> words);

// Becomes `learn` with the same arguments, so that exit code, signals and terminal are those of one process. Where the
// bundle goes to s3:// it is a child process, what it wrote is sent when it has succeeded, and Exit is thrown.
[[noreturn]] void start_training(const std::string& learn, std::vector<std::string> words, const TrainOptions& options,
                                 RemotePaths& remote);

}  // namespace graft
