// Copies of s3:// paths on this machine: a folder each, in one folder. Those that were used least recently are removed
// when all of them take more room than their disk has left free; those that a process uses stay, and so do those that
// hold what could not be sent yet.
#pragma once

#include <filesystem>
#include <string>

#include "base/descriptor.h"

namespace graft {

// A copy's folder, which nobody removes while this lives, or a process that was started meanwhile: it may read the
// copy, too. It is made where it is not there.
class Copy {
 public:
  // Below `folder`, which is made. `name` is one of a file.
  Copy(const std::filesystem::path& folder, const std::string& name);
  const std::filesystem::path& path() const { return path_; }
  // Where to write what is to be sent: the copy stays as long as it is there.
  std::filesystem::path output() const { return path_ / "output"; }
  // Counts its bytes, for prune_copies().
  void measure() const;

 private:
  std::filesystem::path path_;
  Descriptor use_;
};

// Removes copies until the rest has no more than `most` bytes, if those that are used allow it. Returns how many.
std::size_t prune_copies(const std::filesystem::path& folder, std::uint64_t most);
// The same, until they have no more than their disk has left free then.
std::size_t prune_copies(const std::filesystem::path& folder);

}  // namespace graft
