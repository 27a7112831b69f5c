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
  std::string domain{};            // for virtual-host addresses of buckets
  std::string executor = "local";  // or "slurm"
  int cores = 0;                   // for jobs; 0: all
};

class Platform {
 public:
  // Listens when it returns, at the address and, for its own jobs, at a port of the loopback address. Throws
  // Kind::conflict when another one uses the folder.
  explicit Platform(const PlatformOptions& options);
  // Stops taking requests, ends serving processes, leaves jobs running.
  ~Platform();
  std::uint16_t port() const;
  // "http://127.0.0.1:9000", as clients are to use it.
  std::string url() const;

  // The administrator's key: made at the first start; nothing when it was revoked and no other was made.
  struct Admin {
    std::string access_key{}, secret_key{};
    bool made_now = false;
  };
  std::optional<Admin> admin() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace graft
