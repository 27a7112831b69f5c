// A file that comes in pieces and is there as a whole or not at all. Only for remote/.
#pragma once

#include <cstdint>
#include <filesystem>

#include "base/bytes.h"
#include "base/descriptor.h"

namespace graft {

class NewFile {
 public:
  // Beside `path`, so that it can take its place.
  explicit NewFile(std::filesystem::path path);
  // Removes it, unless it was finished.
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  void write(ByteView bytes);
  // Puts it in place. Its time becomes `modified` (seconds since 1970); or the second before where that is so short ago
  // that the object may change once more within the same second: who compares times later must then see that they
  // differ. `sync` waits for the disk.
  void finish(std::int64_t modified, bool sync);

 private:
  std::filesystem::path path_;
  std::string temporary_;
  Descriptor file_;
};

}  // namespace graft
