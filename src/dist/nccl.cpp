// libtorch's build says with USE_C10D_NCCL that it has NCCL inside.
#ifdef USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif

#include "base/error.h"
#include "dist/backend.h"
#include "dist/store.h"

namespace graft {

#ifdef USE_C10D_NCCL
Backend make_nccl(const std::shared_ptr<Member>& member, const Roster& roster, const std::string& name) {
  return c10::make_intrusive<c10d::ProcessGroupNCCL>(make_store(member, name + "/"), roster.rank,
                                                     static_cast<int>(roster.peers.size()));
}
#else
Backend make_nccl(const std::shared_ptr<Member>&, const Roster&, const std::string&) {
  fail(Kind::unavailable, "this build's libtorch has no NCCL; use --device cpu, or build with a CUDA libtorch");
}
#endif

}  // namespace graft
