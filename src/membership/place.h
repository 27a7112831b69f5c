// Where this process stands among those that train together, as whoever started it says.
//
// Looked for in this order; the first that says something counts:
//   RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT   torchrun, Kubernetes' training operators, and `graft train --ranks`
//   OMPI_COMM_WORLD_RANK, ..._SIZE               Open MPI's mpirun
//   SLURM_PROCID, SLURM_STEP_NUM_TASKS           srun
//   resourceconfig.json                          Amazon SageMaker: a process for each host
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace graft {

struct Place {
  int rank = 0, size = 1;
  int local_rank = 0, local_size = 1;  // among the processes on this host
  std::string host;                    // rank 0's, by which all others reach it
  std::uint16_t port = 0;
  std::string found_in;                      // for people: "srun", "mpirun", ...
  std::chrono::milliseconds gather{60'000};  // how long to wait for the others
};

// The value of an environment variable, if it is set.
using Environment = std::function<std::optional<std::string>(const std::string&)>;
std::optional<std::string> environment_variable(const std::string& name);

// Where SageMaker's resourceconfig.json is: below /opt/ml, or what GRAFT_OPT_ML names.
std::filesystem::path sagemaker_resource_config();

// Nullopt for a process that was started alone. Throws when what is said is incomplete or contradicts itself.
std::optional<Place> find_place(const Environment& environment = environment_variable,
                                const std::filesystem::path& resource_config = sagemaker_resource_config());

// The first host of a list as Slurm writes it: "node[03-07,9],other" begins with "node03".
std::string first_host(const std::string& slurm_list);

}  // namespace graft
