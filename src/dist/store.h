// c10d's store, in which the processes of a group find each other's addresses, kept by the job's coordinator. Internal
// to dist/.
#pragma once

#include <torch/types.h>

#include <torch/csrc/distributed/c10d/Store.hpp>

#include "membership/member.h"

namespace graft {

// Keys are put behind `prefix`. A wait ends with an error when a member is lost.
c10::intrusive_ptr<c10d::Store> make_store(std::shared_ptr<Member> member, std::string prefix);

}  // namespace graft
