// What an instance type of SageMaker gives of this machine.
#pragma once

#include <cstdint>
#include <string>

namespace graft {

struct InstanceType {
  int cores = 0;             // 0: all there are
  std::uint64_t memory = 0;  // bytes; 0: all there is
};

// "ml.m5.xlarge" is 4 cores and 16 GiB. By its family and size, so that types are known that are made later; of an
// "ml.*" that says nothing so, 4 cores and 16 GiB. All of the machine for "ml.local" and "local". Throws for what is
// none.
InstanceType instance_type(const std::string& name);

}  // namespace graft
