// A tar archive as a folder that is never unpacked: a path may go through it.
//
//   images.tar/ants/0013.jpg     the member ants/0013.jpg of the file images.tar
//
// So lists can name images inside tars, and a tar, or a folder inside one, can be a dataset. The tar is not compressed
// and its name ends in .tar.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "data/tar_index.h"

namespace graft {

struct TarPath {
  std::filesystem::path file;
  std::string inside;  // without "/" at its ends; empty for the tar itself

  std::filesystem::path path() const { return inside.empty() ? file : file / inside; }
};

// Where `path` leads when it goes through a tar that is there. Compressed tars count, so that open_tar can say what to
// do with them.
std::optional<TarPath> through_tar(const std::filesystem::path& path);

// The name of a member as the index has it: without "./" and "//".
std::string normal_member(std::string_view name);

// Immutable and thread-safe.
class Tar {
 public:
  explicit Tar(std::filesystem::path file);
  ~Tar();
  Tar(const Tar&) = delete;
  Tar& operator=(const Tar&) = delete;

  const TarIndex& index() const { return index_; }
  // The bytes of member i of the index. Throws, naming it, when it cannot be read.
  Bytes read(std::size_t i) const;

 private:
  std::filesystem::path file_;
  TarIndex index_;
  int descriptor_ = -1;
};

using TarPtr = std::shared_ptr<const Tar>;

// Indexes the tar, or shares the index that another dataset already has of it. Throws as index_tar does.
TarPtr open_tar(const std::filesystem::path& file);

}  // namespace graft
