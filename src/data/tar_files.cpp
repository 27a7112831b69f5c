#include "data/tar_files.h"

#include <string>
#include <unordered_map>

#include "base/error.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

// through_tar for many paths: neighbours are mostly in the same tar, and the disk is asked only where one is not.
class Guide {
 public:
  std::optional<TarPath> follow(const fs::path& path) {
    const std::string& name = path.native();
    if (name.find(".tar/") == std::string::npos) return {};
    if (!last_.empty() && name.starts_with(last_)) return TarPath{last_.substr(0, last_.size() - 1), rest(name)};
    std::optional<TarPath> found = through_tar(path);
    if (found) last_ = found->file.string() + "/";
    return found;
  }

 private:
  std::string rest(const std::string& name) const { return normal_member(name.substr(last_.size())); }

  std::string last_;  // the tar's path and a slash
};

}  // namespace

TarFiles::TarFiles(const Listing& listing) {
  std::unordered_map<std::string, std::uint32_t> numbers;  // of tars_, by path
  Guide guide;
  for (std::size_t i = 0; i < listing.files.size(); ++i) {
    const auto found = guide.follow(listing.root / listing.files.name(i));
    if (!found) continue;
    const auto [number, is_new] = numbers.try_emplace(found->file.string(), static_cast<std::uint32_t>(tars_.size()));
    if (is_new) tars_.push_back(open_tar(found->file));
    places_.resize(listing.files.size());
    const auto member = tars_[number->second]->index().find(found->inside);
    places_[i] = {number->second, member ? static_cast<std::uint32_t>(*member) : Place::kNone};
  }
}

std::optional<Bytes> TarFiles::read(std::size_t i, const fs::path& path) const {
  if (places_.empty() || places_[i].tar == Place::kNone) return {};
  if (places_[i].member == Place::kNone)
    fail(Kind::not_found, "cannot read ", printable(path.string()), ": the tar holds no such file");
  return tars_[places_[i].tar]->read(places_[i].member);
}

}  // namespace graft
