#include "dist/join.h"

#include <unistd.h>

#include "base/log.h"
#include "base/machine.h"

namespace graft {
namespace {

constexpr auto kDrain = std::chrono::seconds(10);

// For a process that is busy when its job ends. What it was writing is whole or not there.
void give_up(const std::string& why) {
  spdlog::error("{}", why);
  ::_exit(1);
}

}  // namespace

Joined join(const std::optional<Place>& place, int least, bool cuda) {
  Joined joined;
  if (!place || place->size == 1) {
    joined.group = std::make_unique<Group>();
    return joined;
  }
  const Timing timing{.gather = place->gather};
  const std::string token = environment_variable("GRAFT_JOB_TOKEN").value_or("");
  const bool coordinates = place->rank == 0 && !environment_variable("GRAFT_COORDINATOR");
  if (coordinates) {
    joined.coordinator =
        std::make_unique<Coordinator>(CoordinatorOptions{.address = is_loopback(place->host) ? "127.0.0.1" : "0.0.0.0",
                                                         .port = place->port,
                                                         .ranks = place->size,
                                                         .least = least > 0 ? least : place->size,
                                                         .token = token,
                                                         .timing = timing});
  }
  const auto member = std::make_shared<Member>(MemberOptions{.coordinator_host = place->host,
                                                             .coordinator_port = place->port,
                                                             .rank = place->rank,
                                                             .token = token,
                                                             .timing = timing,
                                                             .on_end = give_up});
  joined.group = std::make_unique<Group>(member, cuda);
  return joined;
}

void leave(Joined& joined) {
  joined.group->leave();
  if (joined.coordinator) joined.coordinator->drain(kDrain);
}

}  // namespace graft
