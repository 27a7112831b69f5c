// Ranks as threads of one process, for tests. Internal to dist/ and learn/.
#pragma once

#include <torch/types.h>
#include <torch/utils.h>

#include <exception>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "dist/group.h"
#include "membership/coordinator.h"

namespace graft {

// Calls body(group) on `ranks` threads, each a member of one job; rethrows the first rank's exception.
inline void with_ranks(int ranks, const std::function<void(Group&)>& body, int least = 0) {
  Coordinator coordinator(
      {.address = "127.0.0.1", .ranks = ranks, .least = least > 0 ? least : ranks, .token = "test", .timing = {}});
  // Ranks of a process share its cores; with a team of threads each they would mostly wait for one another.
  const int threads_before = torch::get_num_threads();
  torch::set_num_threads(1);
  std::vector<std::exception_ptr> errors(static_cast<std::size_t>(ranks));
  std::vector<std::thread> threads;
  for (int rank = 0; rank < ranks; ++rank) {
    threads.emplace_back([&, rank] {
      try {
        Group group(std::make_shared<Member>(MemberOptions{.coordinator_host = "127.0.0.1",
                                                           .coordinator_port = coordinator.port(),
                                                           .rank = rank,
                                                           .token = "test",
                                                           .timing = {}}),
                    false);
        body(group);
        group.leave();
      } catch (...) {
        errors[static_cast<std::size_t>(rank)] = std::current_exception();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  torch::set_num_threads(threads_before);
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

}  // namespace graft
