#include "membership/place.h"

#include <charconv>
#include <cstdlib>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

namespace graft {
namespace {

constexpr int kMostRanks = 65536;
// The job's port where nobody names one: by its number, so that two jobs on a host rarely meet.
constexpr int kFirstPort = 29'400, kPorts = 3'000;
constexpr std::uint16_t kSageMakerPort = 29'400;
// Hosts begin when their own downloads and pipes are done; SageMaker's toolkit waits as long.
constexpr auto kSageMakerGather = std::chrono::minutes(15);

class Reader {
 public:
  Reader(const Environment& environment, const char* source) : environment_(environment), source_(source) {}

  int number(const std::string& name, int low, int high) const {
    const std::optional<std::string> value = environment_(name);
    require(value.has_value(), source_, " set no ", name, ", which says where this process stands; set it");
    return checked(name, *value, low, high);
  }

  int number_or(const std::string& name, int low, int high, int otherwise) const {
    const std::optional<std::string> value = environment_(name);
    return value ? checked(name, *value, low, high) : otherwise;
  }

  std::optional<std::string> text(const std::string& name) const { return environment_(name); }

 private:
  static int checked(const std::string& name, const std::string& value, int low, int high) {
    int number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    require(error == std::errc() && end == value.data() + value.size() && number >= low && number <= high, name, "=",
            value, " is not a number from ", low, " to ", high);
    return number;
  }

  const Environment& environment_;
  const char* source_;
};

std::uint16_t port_of(const std::string& job) {
  const Digest digest = sha256(std::as_bytes(std::span(job)));
  return static_cast<std::uint16_t>(kFirstPort + static_cast<int>(prefix(digest) % kPorts));
}

// Rank 0's address: what MASTER_ADDR and MASTER_PORT say, else `host` and a port by the job's number.
void set_address(Place& place, const Reader& read, const std::string& host, const std::string& job) {
  place.host = read.text("MASTER_ADDR").value_or(host);
  place.port = static_cast<std::uint16_t>(read.number_or("MASTER_PORT", 1, 65535, port_of(job)));
}

Place by_convention(const Environment& environment) {
  const Reader read(environment, "whoever set RANK");
  Place place{.host = {}, .found_in = "RANK and WORLD_SIZE"};
  place.size = read.number("WORLD_SIZE", 1, kMostRanks);
  place.rank = read.number("RANK", 0, place.size - 1);
  place.local_size = read.number_or("LOCAL_WORLD_SIZE", 1, place.size, 1);
  place.local_rank = read.number_or("LOCAL_RANK", 0, place.size - 1, 0);
  place.port = static_cast<std::uint16_t>(read.number("MASTER_PORT", 1, 65535));
  const std::optional<std::string> host = read.text("MASTER_ADDR");
  require(host && !host->empty(), "RANK is set and MASTER_ADDR is not: set it to the host of rank 0");
  place.host = *host;
  return place;
}

// mpirun's own address stands in "1234.0;tcp://10.0.0.1,192.168.0.1:40001": rank 0 is beside it unless told otherwise.
std::string host_of_mpirun(const std::string& uri) {
  const std::size_t begin = uri.find("tcp://");
  if (begin == std::string::npos) return {};
  const std::string addresses = uri.substr(begin + 6);
  return addresses.substr(0, addresses.find_first_of(",:"));
}

Place by_mpirun(const Environment& environment) {
  const Reader read(environment, "mpirun");
  Place place{.host = {}, .found_in = "mpirun"};
  place.size = read.number("OMPI_COMM_WORLD_SIZE", 1, kMostRanks);
  place.rank = read.number("OMPI_COMM_WORLD_RANK", 0, place.size - 1);
  place.local_size = read.number_or("OMPI_COMM_WORLD_LOCAL_SIZE", 1, place.size, 1);
  place.local_rank = read.number_or("OMPI_COMM_WORLD_LOCAL_RANK", 0, place.size - 1, 0);
  const std::string uri = read.text("OMPI_MCA_orte_hnp_uri").value_or("");
  const bool one_host = place.local_size == place.size;
  set_address(place, read, one_host ? "127.0.0.1" : host_of_mpirun(uri), uri.substr(0, uri.find(';')));
  require(!place.host.empty(), "mpirun does not say where rank 0 is: pass -x MASTER_ADDR=HOST to mpirun");
  return place;
}

std::optional<Place> by_srun(const Environment& environment) {
  const Reader read(environment, "srun");
  Place place{.host = {}, .found_in = "srun"};
  place.size = read.number("SLURM_STEP_NUM_TASKS", 1, kMostRanks);
  // A shell that srun opened, for example: what it starts with --ranks is to have ranks.
  if (place.size == 1) return {};
  place.rank = read.number("SLURM_PROCID", 0, place.size - 1);
  place.local_rank = read.number_or("SLURM_LOCALID", 0, place.size - 1, 0);
  const std::string nodes = read.text("SLURM_STEP_NODELIST").value_or(read.text("SLURM_JOB_NODELIST").value_or(""));
  const int hosts = read.number_or("SLURM_STEP_NUM_NODES", 1, kMostRanks, 1);
  place.local_size = (place.size + hosts - 1) / hosts;
  set_address(place, read, hosts == 1 ? "127.0.0.1" : first_host(nodes),
              read.text("SLURM_JOB_ID").value_or("") + "." + read.text("SLURM_STEP_ID").value_or(""));
  require(!place.host.empty(), "srun set no SLURM_STEP_NODELIST: set MASTER_ADDR to the host of rank 0");
  return place;
}

// A process for each host, in the order of their names, which is the same everywhere.
std::optional<Place> by_sagemaker(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return {};
  const Json json = parse_json(read_text(path), path.string());
  auto hosts = field<std::vector<std::string>>(json, "hosts", path.string());
  const auto current = field<std::string>(json, "current_host", path.string());
  if (hosts.size() < 2) return {};
  std::sort(hosts.begin(), hosts.end());
  const auto found = std::find(hosts.begin(), hosts.end(), current);
  require(found != hosts.end(), path.string(), ": current_host ", current, " is not among the hosts");
  return Place{.rank = static_cast<int>(found - hosts.begin()),
               .size = static_cast<int>(hosts.size()),
               .host = hosts.front(),
               .port = kSageMakerPort,
               .found_in = "resourceconfig.json",
               .gather = kSageMakerGather};
}

}  // namespace

std::optional<std::string> environment_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value ? std::optional<std::string>(value) : std::nullopt;
}

std::filesystem::path sagemaker_resource_config() {
  const std::string root = environment_variable("GRAFT_OPT_ML").value_or("");
  return std::filesystem::path(root.empty() ? "/opt/ml" : root) / "input/config/resourceconfig.json";
}

std::string first_host(const std::string& slurm_list) {
  const std::size_t open = slurm_list.find_first_of("[,");
  if (open == std::string::npos || slurm_list[open] == ',') return slurm_list.substr(0, open);
  return slurm_list.substr(0, open) + slurm_list.substr(open + 1, slurm_list.find_first_of("-,]", open) - open - 1);
}

std::optional<Place> find_place(const Environment& environment, const std::filesystem::path& resource_config) {
  if (environment("RANK")) return by_convention(environment);
  if (environment("OMPI_COMM_WORLD_RANK")) return by_mpirun(environment);
  // A batch script has a SLURM_PROCID too, and nobody beside it; what srun starts is a step.
  if (environment("SLURM_PROCID") && environment("SLURM_STEP_ID")) return by_srun(environment);
  return by_sagemaker(resource_config);
}

}  // namespace graft
