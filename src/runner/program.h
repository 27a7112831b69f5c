// What is started for an instance of a job: graft's own program, or a container engine with an image. Only for runner/.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "remote/store.h"
#include "runner/job.h"
#include "runner/supervise.h"

namespace graft {

// Throws Kind::invalid for what is no image's name, and for what this image cannot be told.
void check_program(const JobSpec& spec);
// Throws Kind::invalid where this machine has nothing that runs the image.
void check_engine(const JobSpec& spec, bool one_machine);
// Whether an exit code says that a container engine could not run the image, and not how the image's program ended.
bool is_engines_own(const JobSpec& spec, int status);

struct InstancePlace {
  std::string host{};              // "algo-1"
  std::filesystem::path folder{};  // its /opt/ml
  std::vector<int> cores{};        // of this machine; empty: all
  std::uint64_t memory = 0;        // bytes; 0: no limit
  double deadline = 0;             // seconds since 1970; 0: as long as the job may run, from when it starts
  int port = 0;                    // where the instances of a job meet
  bool one_machine = true;         // else the first one's node is known when they start
  std::string token{};             // by which they know each other
  std::filesystem::path hidden{};  // RunnerOptions::hidden
};

Command program_of(const JobSpec& spec, const InstancePlace& place, const std::filesystem::path& programs,
                   const S3Settings& s3);

// A sentence for the job's log of what it asked for and does not get; empty: nothing.
std::string note_on(const JobSpec& spec);

}  // namespace graft
