// The file: records of [32 bytes digest][4 bytes view][4 bytes zero][8 bytes checksum][length * 4 bytes features],
// where the checksum is the first eight bytes of the SHA-256 of the features.
#include "learn/feature_cache.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"

namespace graft {
namespace {

struct Header {
  Digest content;
  std::uint32_t view;
  std::uint32_t zero;
  std::uint64_t checksum;
};
static_assert(sizeof(Header) == 48);

std::uint64_t checksum(std::span<const float> features) {
  return prefix(sha256(std::as_bytes(features)));
}

bool read_at(int file, void* out, std::size_t size, std::uint64_t offset) {
  return ::pread(file, out, size, static_cast<off_t>(offset)) == static_cast<ssize_t>(size);
}

}  // namespace

FeatureCache::FeatureCache(const std::filesystem::path& folder, const std::string& name, std::size_t length)
    : length_(length) {
  if (folder.empty()) return;
  try {
    make_folder(folder);
    open(folder / (hex(sha256(as_bytes(name))) + ".features"));
  } catch (const Error& error) {
    give_up(error.what());
  }
}

FeatureCache::~FeatureCache() {
  if (file_ >= 0) ::close(file_);
}

std::size_t FeatureCache::record_size() const {
  return sizeof(Header) + length_ * sizeof(float);
}

void FeatureCache::open(const std::filesystem::path& path) {
  file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file_ < 0) return give_up("cannot write " + path.string() + ": " + system_message());
  // One process appends at a time; another one beside it reads what was there when it began.
  writable_ = ::flock(file_, LOCK_EX | LOCK_NB) == 0;
  const off_t size = ::lseek(file_, 0, SEEK_END);
  read_index(static_cast<std::uint64_t>(std::max<off_t>(size, 0)));
}

void FeatureCache::read_index(std::uint64_t size) {
  end_ = size - size % record_size();
  for (std::uint64_t offset = 0; offset < end_; offset += record_size()) {
    Header header;
    if (!read_at(file_, &header, sizeof header, offset)) return;
    offsets_[{header.content, header.view}] = offset;
  }
}

void FeatureCache::give_up(const std::string& why) {
  spdlog::warn("the feature cache is not kept: {}", why);
  writable_ = false;
}

bool FeatureCache::find(const Digest& content, std::uint32_t view, std::span<float> out) const {
  const auto found = offsets_.find({content, view});
  if (found == offsets_.end()) return false;
  Header header;
  return read_at(file_, &header, sizeof header, found->second) &&
         read_at(file_, out.data(), out.size_bytes(), found->second + sizeof header) &&
         header.checksum == checksum(out);
}

void FeatureCache::add(const Digest& content, std::uint32_t view, std::span<const float> features) {
  if (!writable_) return;
  Bytes record;
  record.reserve(record_size());
  append(record, Header{content, view, 0, checksum(features)});
  const ByteView values = std::as_bytes(features);
  record.insert(record.end(), values.begin(), values.end());
  const ssize_t written = ::pwrite(file_, record.data(), record.size(), static_cast<off_t>(end_));
  if (written != static_cast<ssize_t>(record.size())) return give_up("cannot write it: " + system_message());
  offsets_[{content, view}] = end_;
  end_ += record.size();
}

}  // namespace graft
