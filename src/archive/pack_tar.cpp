#include "archive/pack_tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/printable.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBlock = 256 << 10;

std::vector<std::string> files_below(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_symlink() || !entry.is_regular_file()) continue;
    names.push_back(entry.path().lexically_relative(folder).string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class Packer {
 public:
  explicit Packer(const fs::path& file) : file_(file) {
    // Formats and filters by name: the tables of all of them would link libxml2.
    check(archive_write_set_format_pax_restricted(writer_.get()));
    check(archive_write_add_filter_gzip(writer_.get()));
    // Weights hardly compress: more effort costs seconds and gains a hundredth.
    check(archive_write_set_options(writer_.get(), "gzip:compression-level=1,gzip:!timestamp"));
    check(archive_write_open_filename(writer_.get(), file.c_str()));
  }

  void add(const fs::path& path, const std::string& name) {
    const Descriptor in(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    struct stat status {};
    if (in.fd < 0 || ::fstat(in.fd, &status) != 0) {
      fail(Kind::unavailable, "cannot read ", printable(path.string()), ": ", system_message());
    }
    const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(), &archive_entry_free);
    archive_entry_copy_pathname(entry.get(), name.c_str());
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), status.st_mode & S_IXUSR ? 0755 : 0644);
    archive_entry_set_size(entry.get(), status.st_size);
    archive_entry_set_mtime(entry.get(), status.st_mtime, 0);
    check(archive_write_header(writer_.get(), entry.get()));
    copy(in.fd, status.st_size, path);
  }

  void close() { check(archive_write_close(writer_.get())); }

 private:
  // The header has said the size: of a file that grows meanwhile the rest is left out, one that shrinks is an error.
  void copy(int fd, std::int64_t left, const fs::path& path) {
    while (left > 0) {
      const auto wanted = static_cast<std::size_t>(std::min<std::int64_t>(left, kBlock));
      const ssize_t count = ::read(fd, block_.data(), wanted);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail(Kind::unavailable, "cannot read ", printable(path.string()), ": ", system_message());
      require(count > 0, printable(path.string()), " became shorter while it was packed");
      const la_ssize_t written = archive_write_data(writer_.get(), block_.data(), static_cast<std::size_t>(count));
      if (written != count) failed();
      left -= count;
    }
  }

  void check(int status) const {
    if (status < ARCHIVE_WARN) failed();
  }
  [[noreturn]] void failed() const {
    const char* said = archive_error_string(writer_.get());
    fail(Kind::unavailable, "cannot write ", file_.string(), ": ", said ? said : "no reason is known");
  }

  const fs::path file_;
  std::array<char, kBlock> block_;
  std::unique_ptr<archive, int (*)(archive*)> writer_{archive_write_new(), &archive_write_free};
};

}  // namespace

void pack_tar_gz(const fs::path& folder, const fs::path& file) {
  try {
    const auto packer = std::make_unique<Packer>(file);
    for (const std::string& name : files_below(folder)) packer->add(folder / name, name);
    packer->close();
  } catch (...) {
    std::error_code ignored;
    if (fs::is_regular_file(file, ignored)) fs::remove(file, ignored);
    throw;
  }
}

}  // namespace graft
