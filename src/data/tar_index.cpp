// libarchive reads the headers. It says how far it has read, which is where a member's bytes begin, once the blocks of
// long names before them are behind it; where the next header begins proves that they lie there in one piece.
#include "data/tar_index.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>

#include <algorithm>
#include <array>
#include <memory>
#include <numeric>

#include "base/error.h"
#include "data/listing.h"

namespace graft {
namespace {

constexpr std::size_t kMaxMembers = 100'000'000;
constexpr std::size_t kMaxNameBytes = 4096;
constexpr std::size_t kBlock = 512;

// In the locale "C" libarchive gives names as they stand; in others it rewrites accents, and lists would not find them.
class PlainNames {
 public:
  PlainNames() : plain_(::newlocale(LC_ALL_MASK, "C", nullptr)), before_(::uselocale(plain_)) {}
  ~PlainNames() {
    ::uselocale(before_);
    ::freelocale(plain_);
  }
  PlainNames(const PlainNames&) = delete;
  PlainNames& operator=(const PlainNames&) = delete;

 private:
  locale_t plain_, before_;
};

struct Compression {
  std::string_view program, magic;
};
constexpr std::array<Compression, 4> kCompressions{{{"gzip", "\x1f\x8b"},
                                                    {"bzip2", "BZh"},
                                                    {"xz",
                                                     "\xfd"
                                                     "7zXZ"},
                                                    {"zstd", "\x28\xb5\x2f\xfd"}}};

void refuse_compressed(ByteView content, std::string_view source) {
  for (const auto& [program, magic] : kCompressions) {
    require(!as_text(content).starts_with(magic), source, ": the tar is compressed, and its images can only be read ",
            "in place when it is not; decompress it first: ", program, " -dc '", source, "' > images.tar");
  }
}

std::uint64_t padded(std::uint64_t size) {
  return (size + kBlock - 1) / kBlock * kBlock;
}

// The name as a path below the archive's root; nullopt when it is none.
std::optional<std::string> clean_name(std::string_view raw) {
  if (raw.empty() || raw.size() > kMaxNameBytes || raw[0] == '/') return {};
  std::string name;
  for (std::size_t begin = 0; begin <= raw.size();) {
    const std::size_t end = std::min(raw.find('/', begin), raw.size());
    const std::string_view part = raw.substr(begin, end - begin);
    begin = end + 1;
    if (part == "..") return {};
    if (part.empty() || part == ".") continue;
    if (!name.empty()) name += '/';
    name += part;
  }
  if (name.empty()) return {};
  return name;
}

class Indexer {
 public:
  Indexer(ByteView content, std::string_view source) : content_(content), source_(source) {
    archive_read_support_format_tar(reader_.get());
    archive_read_open_memory(reader_.get(), content.data(), content.size());
  }

  TarIndex run() {
    while (archive_entry* entry = next()) {
      require(found_.size() < kMaxMembers, source_, ": more than ", kMaxMembers, " files");
      if (archive_entry_hardlink(entry) || archive_entry_filetype(entry) != AE_IFDIR) add(entry);
    }
    check_end();
    return TarIndex(std::move(found_));
  }

 private:
  std::uint64_t header_begin() const {
    return static_cast<std::uint64_t>(std::max<la_int64_t>(archive_read_header_position(reader_.get()), 0));
  }

  archive_entry* next() {
    archive_entry* entry = nullptr;
    const int status = archive_read_next_header(reader_.get(), &entry);
    settle();
    if (status == ARCHIVE_EOF) return nullptr;
    if (status == ARCHIVE_OK || status == ARCHIVE_WARN) {
      is_tar_ = true;
      return entry;
    }
    const char* said = archive_error_string(reader_.get());
    const std::string_view why = said ? said : "no header";
    require(is_tar_, source_, ": this is not a tar archive (", why, ")");
    fail(Kind::invalid, source_, ": the tar is damaged or cut off (", why, "); copy it here again");
  }

  // The last member's bytes end where the header behind them begins, or they do not lie in one piece.
  void settle() {
    if (open_ && header_begin() != open_->offset + padded(open_->size)) open_->obstacle = TarObstacle::sparse;
    open_ = nullptr;
  }

  void add(archive_entry* entry) {
    const char* raw = archive_entry_pathname(entry);
    const std::optional<std::string> name = clean_name(raw ? raw : "");
    found_.push_back({name.value_or(raw ? raw : ""), {}});
    TarMember& member = found_.back().member;
    member.obstacle = name ? obstacle_of(entry) : TarObstacle::odd_name;
    if (member.obstacle != TarObstacle::none) return;
    member.offset = static_cast<std::uint64_t>(archive_filter_bytes(reader_.get(), -1));
    member.size = static_cast<std::uint32_t>(archive_entry_size(entry));
    require(member.offset <= content_.size() && member.size <= content_.size() - member.offset, source_,
            ": the tar is cut off in the middle of ", printable(*name), "; copy it here again");
    open_ = &member;
  }

  static TarObstacle obstacle_of(archive_entry* entry) {
    if (archive_entry_hardlink(entry)) return TarObstacle::hard_link;
    if (archive_entry_filetype(entry) == AE_IFLNK) return TarObstacle::link;
    if (archive_entry_filetype(entry) != AE_IFREG) return TarObstacle::special;
    if (archive_entry_sparse_count(entry) > 0) return TarObstacle::sparse;
    const la_int64_t size = archive_entry_size(entry);
    return size < 0 || size > TarIndex::kMaxMemberBytes ? TarObstacle::too_large : TarObstacle::none;
  }

  // A tar ends with blocks of zeros. One that lacks them was cut off between two files, and nobody would notice.
  void check_end() const {
    const std::uint64_t end = header_begin();
    const auto is_zero = [](std::byte byte) { return byte == std::byte{0}; };
    const bool ended = end <= content_.size() && content_.size() - end >= kBlock &&
                       std::all_of(content_.begin() + static_cast<std::ptrdiff_t>(end),
                                   content_.begin() + static_cast<std::ptrdiff_t>(end + kBlock), is_zero);
    require(ended, source_, ": the tar is cut off, as it lacks the zeros at its end; copy it here again");
  }

  ByteView content_;
  std::string_view source_;
  std::unique_ptr<archive, int (*)(archive*)> reader_{archive_read_new(), &archive_read_free};
  std::vector<TarIndex::Named> found_;
  bool is_tar_ = false;
  TarMember* open_ = nullptr;  // the last of found_, whose end is not known yet
};

}  // namespace

std::string_view words_of(TarObstacle obstacle) {
  constexpr std::array<std::string_view, 7> kWords{
      "", "a symbolic link", "a hard link", "not a file", "stored with gaps", "larger than 256 MiB", "named oddly"};
  return kWords[static_cast<std::size_t>(obstacle)];
}

TarIndex::TarIndex(std::vector<Named> members) {
  std::vector<std::uint32_t> order(members.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return members[a].name < members[b].name; });
  for (std::size_t i = 0; i < order.size(); ++i) {
    const Named& each = members[order[i]];
    if (i + 1 < order.size() && members[order[i + 1]].name == each.name) continue;
    names_ += each.name;
    ends_.push_back(names_.size());
    members_.push_back(each.member);
  }
}

std::string_view TarIndex::name(std::size_t i) const {
  const std::uint64_t begin = i == 0 ? 0 : ends_[i - 1];
  return std::string_view(names_).substr(begin, ends_[i] - begin);
}

std::size_t TarIndex::lower_bound(std::string_view wanted) const {
  std::size_t low = 0, high = size();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (name(middle) < wanted) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

std::optional<std::size_t> TarIndex::find(std::string_view wanted) const {
  const std::size_t i = lower_bound(wanted);
  if (i == size() || name(i) != wanted) return {};
  return i;
}

TarIndex index_tar(ByteView content, std::string_view source) {
  refuse_compressed(content, source);
  const PlainNames plain;
  return Indexer(content, source).run();
}

}  // namespace graft
