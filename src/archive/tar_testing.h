// Tars for tests, written by libarchive.
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"

namespace graft {

struct TarEntry {
  std::string name, content = {};
  unsigned type = AE_IFREG;
  std::string link = {};  // where a link leads; a hard link where the type is a file's
  unsigned mode = 0644;
};

inline void write_tar(const std::filesystem::path& path, const std::vector<TarEntry>& entries,
                      int format = ARCHIVE_FORMAT_TAR_USTAR) {
  archive* out = archive_write_new();
  archive_write_set_format(out, format);
  require(archive_write_open_filename(out, path.c_str()) == ARCHIVE_OK, "cannot write ", path.string());
  for (const TarEntry& each : entries) {
    archive_entry* entry = archive_entry_new();
    archive_entry_copy_pathname(entry, each.name.c_str());
    archive_entry_set_filetype(entry, each.type);
    archive_entry_set_perm(entry, each.mode);
    archive_entry_set_size(entry, static_cast<la_int64_t>(each.content.size()));
    if (each.type == AE_IFLNK) archive_entry_copy_symlink(entry, each.link.c_str());
    if (each.type != AE_IFLNK && !each.link.empty()) archive_entry_copy_hardlink(entry, each.link.c_str());
    require(archive_write_header(out, entry) >= ARCHIVE_WARN, "cannot write ", each.name);
    archive_write_data(out, each.content.data(), each.content.size());
    archive_entry_free(entry);
  }
  archive_write_close(out);
  archive_write_free(out);
}

}  // namespace graft
