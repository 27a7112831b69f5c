// Everything behind one port: object store, SageMaker, SageMaker Runtime, CloudWatch Logs and Metrics, STS, IAM, ECR.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "http/server.h"

namespace graft {

struct PlatformOptions {
  std::filesystem::path folder{};    // all state
  std::filesystem::path programs{};  // where graft and graft-learn are
  std::string address = "127.0.0.1";
  std::uint16_t port = 9000;
  std::optional<TlsFiles> tls{};
  std::string domain{};    // for virtual-host addresses of buckets
  std::string executor = "local";  // or "slurm"
  int cores = 0;           // for jobs; 0: all
};

class Platform {
 public:
  // Listens when it returns. Throws Kind::conflict when another one uses the folder.
  explicit Platform(const PlatformOptions& options);
  // Stops taking requests, ends serving processes, leaves jobs running.
  ~Platform();
  std::uint16_t port() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace graft
