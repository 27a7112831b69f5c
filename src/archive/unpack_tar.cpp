#include "archive/unpack_tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <memory>

#include "base/error.h"
#include "base/file.h"
#include "base/printable.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBlock = 64 << 10;

class Unpacker {
 public:
  Unpacker(const fs::path& tar, const fs::path& folder, const UnpackLimits& limits)
      : tar_(tar), folder_(folder), limits_(limits) {
    // Not all that libarchive knows: for some it would start another program.
    archive_read_support_filter_gzip(reader_.get());
    archive_read_support_filter_bzip2(reader_.get());
    archive_read_support_filter_xz(reader_.get());
    archive_read_support_filter_zstd(reader_.get());
    archive_read_support_format_tar(reader_.get());
    check(archive_read_open_filename(reader_.get(), tar.c_str(), kBlock));
  }

  void run() {
    make_folder(folder_);
    while (archive_entry* entry = next()) {
      const char* raw = archive_entry_pathname(entry);
      const fs::path name = checked(raw ? raw : "");
      const auto type = archive_entry_filetype(entry);
      const bool is_plain = !archive_entry_hardlink(entry) && (type == AE_IFREG || type == AE_IFDIR);
      require(is_plain, tar_.string(), ": ", printable(name.string()), " is neither a file nor a folder");
      require(++files_ <= limits_.files, tar_.string(), ": more than ", limits_.files, " files");
      if (type == AE_IFDIR) {
        make_folder(folder_ / name);
      } else {
        make_folder((folder_ / name).parent_path());
        write(folder_ / name);
        if ((archive_entry_perm(entry) & S_IXUSR) != 0) let_run(folder_ / name);
      }
    }
  }

 private:
  void check(int status) const {
    if (status == ARCHIVE_OK || status == ARCHIVE_WARN) return;
    const char* said = archive_error_string(reader_.get());
    fail(Kind::invalid, tar_.string(), ": this is not a tar archive, or a damaged one (", said ? said : "no header",
         ")");
  }

  archive_entry* next() const {
    archive_entry* entry = nullptr;
    const int status = archive_read_next_header(reader_.get(), &entry);
    if (status == ARCHIVE_EOF) return nullptr;
    check(status);
    return entry;
  }

  fs::path checked(const std::string& raw) const {
    fs::path name = fs::path(raw).lexically_normal();
    const bool leads_out = name.is_absolute() || std::find(name.begin(), name.end(), "..") != name.end();
    require(!raw.empty() && !leads_out, tar_.string(), ": the name ", printable(raw), " leads out of the archive");
    return name;
  }

  void write(const fs::path& path) {
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    std::array<char, kBlock> block;
    for (;;) {
      const la_ssize_t count = archive_read_data(reader_.get(), block.data(), block.size());
      if (count < 0) check(static_cast<int>(count));
      if (count <= 0) break;
      bytes_ += static_cast<std::uint64_t>(count);
      require(bytes_ <= limits_.bytes, tar_.string(), ": unpacked, it is more than ", limits_.bytes >> 20, " MiB");
      out.write(block.data(), count);
    }
    out.close();
    if (!out.good()) fail(Kind::unavailable, "cannot write ", printable(path.string()), ": ", system_message());
  }

  // By all that may read it: a model's own server need not run as the owner of its files. Nothing else of an archive's
  // permissions is anybody's to choose.
  static void let_run(const fs::path& path) {
    constexpr auto kReaders = fs::perms::owner_read | fs::perms::group_read | fs::perms::others_read;
    const auto readers = static_cast<unsigned>(fs::status(path).permissions() & kReaders);
    fs::permissions(path, static_cast<fs::perms>(readers >> 2), fs::perm_options::add);
  }

  const fs::path tar_, folder_;
  const UnpackLimits limits_;
  std::unique_ptr<archive, int (*)(archive*)> reader_{archive_read_new(), &archive_read_free};
  std::uint64_t bytes_ = 0;
  std::size_t files_ = 0;
};

}  // namespace

void unpack_tar(const fs::path& tar, const fs::path& folder, const UnpackLimits& limits) {
  Unpacker(tar, folder, limits).run();
}

}  // namespace graft
