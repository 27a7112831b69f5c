// Which files of a listing lie in tars, and where in them.
#pragma once

#include <optional>
#include <vector>

#include "data/listing.h"
#include "data/tar.h"

namespace graft {

class TarFiles {
 public:
  // Opens the tars that paths of `listing` go through; a listing without any takes no memory.
  explicit TarFiles(const Listing& listing);

  // The content of file i, whose path is `path`; nullopt when it lies in no tar. Throws when the tar does not hold it.
  std::optional<Bytes> read(std::size_t i, const std::filesystem::path& path) const;

 private:
  struct Place {
    static constexpr std::uint32_t kNone = ~0u;
    std::uint32_t tar = kNone;     // which of tars_
    std::uint32_t member = kNone;  // of its index; kNone when it lacks the file
  };
  std::vector<TarPtr> tars_;
  std::vector<Place> places_;  // of all files, or empty when none lies in a tar
};

}  // namespace graft
