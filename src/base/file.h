// Files: read whole or mapped, written whole or not at all.
//
// Every error names the path and says what the system said of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace graft {

// The whole file. Refuses what is larger than `limit` bytes.
Bytes read_file(const std::filesystem::path& path, std::uint64_t limit = std::uint64_t{1} << 32);
std::string read_text(const std::filesystem::path& path, std::uint64_t limit = std::uint64_t{64} << 20);

// Replaces `path` with `content` at once: readers, also after a crash, see the old file or the new one. The bytes and
// the folder are synced to disk before it returns; a failed write leaves `path` as it was and nothing beside it.
void write_file(const std::filesystem::path& path, ByteView content);
void write_file(const std::filesystem::path& path, std::string_view content);

// Creates the folder and its parents; an error says what is in the way.
void make_folder(const std::filesystem::path& path);

// Throws unless files can be created in `folder`, which is made if it is not there. For checking an output before hours
// of work go into it.
void check_writable(const std::filesystem::path& folder);

// A file in memory, read-only, for as long as any copy of the handle lives. An empty file maps to an empty view. The
// file must not shrink meanwhile.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  ByteView bytes() const { return {static_cast<const std::byte*>(memory_.get()), size_}; }
  // Keeps the mapping alive for views handed on.
  std::shared_ptr<const void> owner() const { return memory_; }

 private:
  std::shared_ptr<const void> memory_;
  std::size_t size_ = 0;
};

// A folder with a new name, removed with all it holds on destruction.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace graft
