// The files of large contents. A file is written once, under its final name, and never changed. It is an object's only
// once the index names it, so one that is not whole is never seen; what no index names is removed at the next start.
// Where a file is that of an upload's parts (assemblies.h), that holds for each part of it.
//
//   FOLDER/3f/000000020000013f    the name is a number, its last byte the folder
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>

#include "base/bytes.h"
#include "base/descriptor.h"

namespace graft::s3 {

using FileId = std::int64_t;  // 0: none

class NewFile;

// Thread-safe.
class Files {
 public:
  // `generation` is a number that no earlier start of the store had.
  Files(std::filesystem::path folder, std::int64_t generation);

  NewFile create();
  // A part of a file that is there, to be written from `offset` on; the file stays, whatever becomes of this.
  NewFile open_at(FileId file, std::uint64_t offset) const;
  // Another name for the same content, on disk when it returns. Where the file system has no more names for it, a copy.
  NewFile link(FileId file);
  // Nothing where there is no such file (it was replaced meanwhile).
  std::shared_ptr<const Descriptor> open(FileId file) const;
  // Cuts off what is behind so many bytes. The file is whole without it.
  void shorten(FileId file, std::uint64_t size) const;
  // It need not be there.
  void remove(FileId file) const;
  std::filesystem::path path(FileId file) const;

  // Removes those of earlier generations that `is_named` does not know. Returns how many.
  std::size_t sweep(const std::function<bool(FileId)>& is_named) const;

 private:
  FileId next();
  std::filesystem::path folder_;
  std::int64_t generation_;
  std::atomic<std::int64_t> count_{0};
};

// A file as it is written; a new one is removed on destruction unless it was kept.
class NewFile {
 public:
  NewFile(NewFile&& other) noexcept;
  NewFile& operator=(NewFile&&) = delete;
  ~NewFile();

  void write(ByteView bytes);
  // Appends a part of another file; what the file system can share is not copied.
  void append(const Descriptor& from, std::uint64_t offset, std::uint64_t length);
  // On disk when it returns, with its name. Once, last.
  void sync();
  FileId id() const { return id_; }
  // It stays.
  void keep() { files_ = nullptr; }

 private:
  friend class Files;
  NewFile(const Files& files, FileId id, int fd, std::uint64_t offset = 0, bool is_new = true);
  void written(std::uint64_t bytes);

  const Files* files_;
  FileId id_;
  std::unique_ptr<Descriptor> file_;
  std::uint64_t end_, begun_;  // where to write next; from where on the disk was not told to write
  bool is_new_;
};

}  // namespace graft::s3
