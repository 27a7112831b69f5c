// A size is a number of virtual cores: medium 1, large 2, xlarge 4, Nxlarge 4 N. A family's letter is its memory for
// each of them: c 2 GiB, m, g and p at least 4 GiB, r 8 GiB. The exceptions are in the table.
#include "base/instance_type.h"

#include <charconv>
#include <map>

#include "base/error.h"
#include "base/printable.h"

namespace graft {
namespace {

constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;
constexpr int kMostCores = 1024;

const std::map<std::string, InstanceType>& exceptions() {
  static const std::map<std::string, InstanceType> table{
      {"t2.medium", {2, 4 * kGiB}},       {"t3.medium", {2, 4 * kGiB}},     {"t2.xlarge", {4, 16 * kGiB}},
      {"t3.xlarge", {4, 16 * kGiB}},      {"t2.2xlarge", {8, 32 * kGiB}},   {"t3.2xlarge", {8, 32 * kGiB}},
      {"p2.xlarge", {4, 61 * kGiB}},      {"p2.8xlarge", {32, 488 * kGiB}}, {"p2.16xlarge", {64, 732 * kGiB}},
      {"p3.2xlarge", {8, 61 * kGiB}},     {"p3.8xlarge", {32, 244 * kGiB}}, {"p3.16xlarge", {64, 488 * kGiB}},
      {"g4dn.12xlarge", {48, 192 * kGiB}}};
  return table;
}

int cores_of(const std::string& size) {
  if (size == "medium") return 1;
  if (size == "large") return 2;
  if (size == "xlarge") return 4;
  int count = 0;
  const auto [end, error] = std::from_chars(size.data(), size.data() + size.size(), count);
  const bool known = error == std::errc() && std::string(end) == "xlarge" && count > 0 && 4 * count <= kMostCores;
  return known ? 4 * count : 0;
}

std::uint64_t memory_per_core(char family) {
  if (family == 'c') return 2 * kGiB;
  if (family == 'r' || family == 'x') return 8 * kGiB;
  return 4 * kGiB;
}

}  // namespace

InstanceType instance_type(const std::string& name) {
  if (name == "local" || name == "ml.local") return {};
  require(name.starts_with("ml.") && name.size() > 3, "there is no instance type ", printable(name).substr(0, 80),
          ": give one of SageMaker's, or ml.local for the whole machine");
  const std::string rest = name.substr(3);
  if (const auto found = exceptions().find(rest); found != exceptions().end()) return found->second;
  const std::size_t dot = rest.find('.');
  const int cores = dot == std::string::npos ? 0 : cores_of(rest.substr(dot + 1));
  if (cores == 0) return {4, 16 * kGiB};
  return {cores, static_cast<std::uint64_t>(cores) * memory_per_core(rest.front())};
}

}  // namespace graft
