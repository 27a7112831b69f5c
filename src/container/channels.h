// From a job's channels to paths that `graft train` takes.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "container/job_config.h"
#include "container/opt_ml.h"

namespace graft {

struct Inputs {
  std::filesystem::path train, validation, test;  // empty where there is none
  std::filesystem::path model;                    // a bundle or weights; empty where there is none
};

// The channels by what they are for: train (or training), validation, test (or testing), model, train_lst and
// validation_lst. Throws naming one that is none of them, and one that is missing.
std::vector<Channel> known_channels(std::vector<Channel> channels);

bool has_channel(const std::vector<Channel>& channels, const std::string& name);

// Reads pipes, rewrites lists whose paths are relative to another channel, and unpacks a model: into `scratch`, where
// all of it stays that does not lie in files already. `channels` are known_channels().
Inputs prepare(const std::vector<Channel>& channels, const OptMl& folders, const std::filesystem::path& scratch);

// The archive (model.tar.gz) in a folder that is no bundle; none where it holds none. Throws where it holds several.
std::optional<std::filesystem::path> find_archive(const std::filesystem::path& folder);

// What there is to transfer from in a folder: the folder itself where it is a bundle, or one file of weights.
std::filesystem::path find_unpacked_model(const std::filesystem::path& folder);

// The same, also in an archive, which is unpacked into `scratch`.
std::filesystem::path find_model(const std::filesystem::path& folder, const std::filesystem::path& scratch);

}  // namespace graft
