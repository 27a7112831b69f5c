// Knows who takes part in a training job, notices who is gone, and says so to all others.
//
// One process of a job runs it: `graft train --ranks N` itself, or rank 0 where something else starts the ranks. All
// members keep a connection to it over which both sides say each second that they live. A member whose connection
// closes, or that is silent for Timing::silence, is lost.
//
// Without room for losses (least == ranks) a loss ends the job, with a sentence that names the lost one. Otherwise
// those that are left form the next group, and a returning rank gets into the group after that, when the members come
// to a checkpoint. Below `least` it waits for Timing::gather, then ends the job.
#pragma once

#include <memory>
#include <string>

#include "membership/messages.h"

namespace graft {

struct CoordinatorOptions {
  std::string address = "0.0.0.0";  // to listen on
  std::uint16_t port = 0;           // 0 is any that is free
  int ranks = 1, least = 1;
  std::string token{};  // members must show the same
  Timing timing{};
};

class Coordinator {
 public:
  // Serves on a thread of its own until it is destroyed. Throws when the port is taken.
  explicit Coordinator(const CoordinatorOptions& options);
  ~Coordinator();
  Coordinator(const Coordinator&) = delete;
  Coordinator& operator=(const Coordinator&) = delete;

  std::uint16_t port() const;
  // Why the job ended; empty while it goes on.
  std::string end_reason() const;
  // Waits until every member that is connected has been told what there is to tell and has gone, at most `limit`.
  void drain(std::chrono::milliseconds limit);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace graft
