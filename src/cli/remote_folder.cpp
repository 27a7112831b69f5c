#include "cli/remote_folder.h"

#include <memory>

#include "archive/pack_tar.h"
#include "archive/unpack_tar.h"
#include "base/draft.h"
#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"

namespace graft {

namespace fs = std::filesystem;

bool is_archive_name(const std::string& name) {
  return name.ends_with(".tar.gz") || name.ends_with(".tgz");
}

std::function<void(std::uint64_t, std::uint64_t)> show_bytes(const std::string& title) {
  static constexpr std::uint64_t kKilobyte = 1000;
  auto bar = std::make_shared<std::unique_ptr<Progress>>();
  return [title, bar](std::uint64_t done, std::uint64_t total) {
    if (!*bar) *bar = std::make_unique<Progress>(title, std::max<std::uint64_t>(1, total / kKilobyte), "kB");
    (*bar)->update(done / kKilobyte);
  };
}

std::uint64_t push_folder(const S3Settings& settings, const fs::path& folder, const S3Path& to) {
  if (!is_archive_name(to.key)) return upload_folder(settings, folder, to, show_bytes("upload")).bytes;
  const TemporaryFolder scratch;
  const fs::path archive = scratch.path() / "model.tar.gz";
  pack_tar_gz(folder, archive);
  upload(settings, archive, to, show_bytes("upload"));
  return fs::file_size(archive);
}

std::uint64_t pull_folder(const S3Settings& settings, const S3Path& from, const fs::path& folder) {
  if (is_archive_name(from.key)) {
    Draft draft(folder);
    const TemporaryFolder scratch;
    const fs::path archive = scratch.path() / "model.tar.gz";
    download_changed(settings, from, archive, show_bytes("download"));
    unpack_tar(archive, draft.path());
    draft.accept();
    return fs::file_size(archive);
  }
  S3Path prefix = from;
  const bool whole_name = !prefix.key.empty() && !prefix.key.ends_with('/');
  if (whole_name && !find_object(settings, prefix)) prefix.key += '/';
  const Moved moved = download_folder(settings, prefix, folder, show_bytes("download"));
  if (moved.all == 0) fail(Kind::not_found, "there is nothing at ", name(from));
  return moved.bytes;
}

}  // namespace graft
