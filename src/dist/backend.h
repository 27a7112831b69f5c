// What carries tensors between the members of a group: libtorch's c10d with Gloo, or NCCL where libtorch has it.
// Internal to dist/.
#pragma once

#include <torch/types.h>
#include <torch/version.h>

#include <memory>
#include <string>

#if TORCH_VERSION_MAJOR >= 2
#include <torch/csrc/distributed/c10d/Backend.hpp>
#else
#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>
#endif

#include "membership/member.h"

namespace graft {

#if TORCH_VERSION_MAJOR >= 2
using Backend = c10::intrusive_ptr<c10d::Backend>;
#else
using Backend = c10::intrusive_ptr<c10d::ProcessGroup>;
#endif

// Connects this process with all others of `roster`, each way; all of them make one of the same `name` at this time.
// Blocks until all are connected.
Backend make_gloo(const std::shared_ptr<Member>& member, const Roster& roster, const std::string& name);
// Throws where libtorch was built without NCCL.
Backend make_nccl(const std::shared_ptr<Member>& member, const Roster& roster, const std::string& name);

}  // namespace graft
