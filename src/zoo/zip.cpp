#include "zoo/zip.h"

#include <archive.h>
#include <archive_entry.h>

#include "base/error.h"

namespace graft {
namespace {

constexpr std::size_t kMaxEntries = 100'000;

class Reader {
 public:
  Reader(ByteView archive, std::string_view source) : size_(archive.size()), source_(source) {
    // Only the reader that starts from the central directory: what it does not list is not in the archive.
    check(archive_read_support_format_zip_seekable(reader_.get()));
    check(archive_read_open_memory(reader_.get(), archive.data(), archive.size()));
  }

  // The next file's header, or nullptr behind the last.
  archive_entry* next() {
    archive_entry* entry = nullptr;
    const int status = archive_read_next_header(reader_.get(), &entry);
    if (status == ARCHIVE_EOF) return nullptr;
    check(status);
    return entry;
  }

  Bytes content(archive_entry* entry, const std::string& name) {
    require(archive_entry_size_is_set(entry) && archive_entry_size(entry) >= 0, source_, ": ", name,
            " does not say its size");
    const auto size = static_cast<std::uint64_t>(archive_entry_size(entry));
    require(size <= size_ - taken_, source_, ": its files are larger than the archive; compressed ones are not read");
    taken_ += size;
    Bytes bytes(size);
    std::size_t filled = 0;
    while (filled < size) {
      const std::size_t more = read(bytes.data() + filled, size - filled);
      require(more > 0, source_, ": ", name, " is truncated");
      filled += more;
    }
    std::byte behind{};
    require(read(&behind, 1) == 0, source_, ": ", name, " is larger than it says");  // this also checks the checksum
    return bytes;
  }

 private:
  struct Free {
    void operator()(archive* reader) const { archive_read_free(reader); }
  };

  void check(int status) const {
    if (status == ARCHIVE_OK) return;
    const char* why = archive_error_string(reader_.get());
    fail(Kind::invalid, source_, ": cannot read the zip archive: ", why ? why : "it is damaged");
  }

  std::size_t read(void* buffer, std::size_t size) {
    const la_ssize_t got = archive_read_data(reader_.get(), buffer, size);
    if (got < 0) check(static_cast<int>(got));
    return static_cast<std::size_t>(got);
  }

  std::unique_ptr<archive, Free> reader_{archive_read_new()};
  std::uint64_t size_, taken_ = 0;
  std::string_view source_;
};

}  // namespace

bool is_zip(ByteView bytes) {
  return as_text(bytes).starts_with("PK\x03\x04");
}

ZipEntries read_zip(ByteView archive, const std::function<bool(std::string_view path)>& wanted,
                    std::string_view source) {
  Reader reader(archive, source);
  ZipEntries entries;
  while (archive_entry* entry = reader.next()) {
    const char* path = archive_entry_pathname(entry);
    require(path != nullptr, source, ": the zip archive has a file without a readable name");
    const std::string name = path;
    if (archive_entry_filetype(entry) == AE_IFDIR || !wanted(name)) continue;
    require(archive_entry_filetype(entry) == AE_IFREG, source, ": ", name, " is not an ordinary file");
    require(entries.size() < kMaxEntries, source, ": more than ", kMaxEntries, " files in the zip archive");
    auto content = std::make_shared<const Bytes>(reader.content(entry, name));
    require(entries.emplace(name, std::move(content)).second, source, ": the zip archive has ", name, " twice");
  }
  return entries;
}

}  // namespace graft
