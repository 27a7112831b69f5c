// libtorch's build has Gloo inside and says so with USE_C10D_GLOO, which shows this header's content.
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include "dist/backend.h"
#include "dist/store.h"

namespace graft {
namespace {

// Who is lost is noticed by the membership, long before. This is for what nobody thought of.
constexpr auto kTimeout = std::chrono::minutes(60);

}  // namespace

Backend make_gloo(const std::shared_ptr<Member>& member, const Roster& roster, const std::string& name) {
  const auto options = c10d::ProcessGroupGloo::Options::create(kTimeout);
  // The interface that reaches the coordinator reaches the peers, whatever else this host has.
  options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForHostname(member->address()));
  options->threads = 1;
  return c10::make_intrusive<c10d::ProcessGroupGloo>(make_store(member, name + "/"), roster.rank,
                                                     static_cast<int>(roster.peers.size()), options);
}

}  // namespace graft
