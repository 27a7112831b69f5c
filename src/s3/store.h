// The store: an index and the files it names. What is read or changed are functions beside it: buckets.h, objects.h,
// uploads.h.
#pragma once

#include <thread>

#include "s3/assemblies.h"
#include "s3/files.h"
#include "s3/hashing.h"
#include "s3/index.h"
#include "s3/scrubber.h"
#include "s3/soundness.h"

namespace graft::s3 {

struct Store {
  // Takes back what a kill left half done: files that the index does not name go, in the background.
  explicit Store(const std::filesystem::path& folder);
  ~Store();

  Index index;
  Files files;
  Assemblies assemblies;
  Soundness soundness{};
  HashThreads hash_threads{};

  // Throws StorageFull unless the disk has room for a content of so many bytes, and then some: who deletes objects
  // needs a little himself.
  void check_room(std::uint64_t size);

 private:
  void sweep();
  const std::filesystem::path folder_;
  std::atomic<bool> stopping_{false};
  std::thread sweeper_;
  Scrubber scrubber_;
};

// Milliseconds since 1970.
std::int64_t now();

}  // namespace graft::s3
