// The folders by which Amazon SageMaker and a container speak to each other.
#pragma once

#include <filesystem>
#include <string>

namespace graft {

struct OptMl {
  std::filesystem::path root;

  std::filesystem::path config(const std::string& file) const { return root / "input/config" / file; }
  std::filesystem::path channels() const { return root / "input/data"; }
  std::filesystem::path channel(const std::string& name) const { return channels() / name; }
  std::filesystem::path model() const { return root / "model"; }
  std::filesystem::path output() const { return root / "output/data"; }
  std::filesystem::path failure() const { return root / "output/failure"; }
  std::filesystem::path checkpoints() const { return root / "checkpoints"; }
};

// /opt/ml, or what the environment variable GRAFT_OPT_ML names.
OptMl opt_ml();

// Whether somebody has laid a job out there: input/config is a folder.
bool has_job(const OptMl& folders);

}  // namespace graft
