// A channel's objects, and their way to an instance's folder. parse_manifest() is of use to whoever reads one.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "remote/store.h"
#include "runner/job.h"

namespace graft {

// The instance is one of `count`; a sharded channel gives each its part.
struct Share {
  std::size_t index = 0, count = 1;
};

struct InputObject {
  S3Path path{};
  std::string name{};  // below the channel's folder
};

// Throws Kind::invalid for a channel that is not as SageMaker has it, or that graft has not.
void check_channel(const JobChannel& channel);

// The objects of a channel that is a prefix or a manifest, for one instance, in their order. Throws when there are
// none.
std::vector<InputObject> list_inputs(const S3Settings& s3, const JobChannel& channel, const Share& share);

// [{"prefix": "s3://bucket/p/"}, "a.jpg", "b/c.jpg"]; a later prefix counts for what comes after it. Throws for what is
// none, and for names that lead out of a folder.
std::vector<InputObject> parse_manifest(std::string_view content, const std::string& source);

// The lines of an augmented manifest that are this instance's.
std::vector<std::string> list_lines(const S3Settings& s3, const JobChannel& channel, const Share& share);

// Puts the objects of a channel in File or FastFile mode into `folder`; what is there is left. `check` is called often,
// by any thread, and throws to end it.
void download_channel(const S3Settings& s3, const JobChannel& channel, const Share& share,
                      const std::filesystem::path& folder, const std::function<void()>& check);

// Which item comes first, second, ... in an epoch: shuffled where the channel asks for it.
std::vector<std::size_t> epoch_order(const JobChannel& channel, std::size_t count, int epoch);

}  // namespace graft
