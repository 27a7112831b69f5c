// Keeps a process, and all that it starts, from the files of a folder.
//
// By Landlock (Linux 5.13 and later), which needs no privilege and cannot be undone: what runs below it cannot get at
// the files through other processes either, and where the kernel can (6.12) sends them no signals.
#pragma once

#include <filesystem>
#include <vector>

#include "base/descriptor.h"

namespace graft {

// Whether this machine's kernel does it.
bool can_confine();

class Confinement {
 public:
  // All files of the machine, but of those below `hidden` only what is in one of `shown`. What is made later beside the
  // folders on the way to `hidden` is not among them. Without can_confine() it keeps nothing from anything.
  Confinement(const std::filesystem::path& hidden, const std::vector<std::filesystem::path>& shown);

  // Of the calling thread; fit for a process between fork and exec. False: the kernel has refused.
  bool enter() const;

 private:
  Descriptor rules_;
};

}  // namespace graft
