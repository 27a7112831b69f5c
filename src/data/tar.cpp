#include "data/tar.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <mutex>
#include <tuple>

#include "base/error.h"
#include "base/file.h"
#include "data/listing.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kTar = ".tar";
constexpr std::array<std::string_view, 10> kCompressed{".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst", ".tgz",
                                                       ".tbz",    ".tbz2",    ".txz",    ".tzst",    ".tar.Z"};

// Follows links, and takes what cannot be looked at for no file.
bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

}  // namespace

std::string normal_member(std::string_view given) {
  std::string name = fs::path(given).lexically_normal().relative_path().string();
  while (name.ends_with('/')) name.pop_back();
  return name == "." ? "" : name;
}

std::optional<TarPath> through_tar(const fs::path& path) {
  const std::string& name = path.native();
  for (std::size_t at = name.find(kTar); at != std::string::npos; at = name.find(kTar, at + 1)) {
    const std::size_t end = at + kTar.size();
    if (end < name.size() && name[end] != '/') continue;
    fs::path file = name.substr(0, end);
    if (is_file(file)) return TarPath{std::move(file), normal_member(std::string_view(name).substr(end))};
  }
  const auto ends_it = [&](std::string_view extension) { return name.ends_with(extension); };
  if (std::any_of(kCompressed.begin(), kCompressed.end(), ends_it) && is_file(path)) return TarPath{path, ""};
  return {};
}

Tar::Tar(fs::path file)
    : file_(std::move(file)),
      index_(index_tar(MappedFile(file_).bytes(), file_.string())),
      descriptor_(::open(file_.c_str(), O_RDONLY | O_CLOEXEC)) {
  if (descriptor_ < 0) fail(Kind::denied, "cannot read ", file_.string(), ": ", system_message());
}

Tar::~Tar() {
  ::close(descriptor_);
}

Bytes Tar::read(std::size_t i) const {
  const TarMember& member = index_.member(i);
  const auto place = [&] { return printable((file_ / index_.name(i)).string()); };
  require(member.obstacle == TarObstacle::none, "cannot read ", place(), ": it is ", words_of(member.obstacle));
  Bytes content(member.size);
  for (std::size_t done = 0; done < content.size();) {
    const ssize_t count =
        ::pread(descriptor_, content.data() + done, content.size() - done, static_cast<off_t>(member.offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(Kind::unavailable, "cannot read ", place(), ": ", system_message());
    require(count > 0, "cannot read ", place(), ": the tar has become shorter since it was opened");
    done += static_cast<std::size_t>(count);
  }
  return content;
}

TarPtr open_tar(const fs::path& file) {
  using Identity = std::tuple<fs::path, std::uintmax_t, fs::file_time_type>;
  static std::mutex mutex;
  static std::map<Identity, std::weak_ptr<const Tar>> opened;  // guarded by mutex
  std::error_code error;
  const Identity identity{fs::canonical(file, error), fs::file_size(file, error), fs::last_write_time(file, error)};
  if (error) fail(Kind::not_found, "cannot read ", file.string(), ": ", error.message());
  const std::lock_guard lock(mutex);
  std::erase_if(opened, [](const auto& each) { return each.second.expired(); });
  if (TarPtr known = opened[identity].lock()) return known;
  const auto tar = std::make_shared<const Tar>(file);
  opened[identity] = tar;
  return tar;
}

}  // namespace graft
