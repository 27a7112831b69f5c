// POSIX's ustar in gzip. A name of more than 100 bytes, and a size of 8 GiB or more, stand in a pax header before the
// file's own: lines "27 path=a/long/name\n" that begin with their own length.
//
// libarchive would write it too, but its writers of all formats hang together, and one of them needs libxml2.
#include "archive/pack_tar.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <numeric>
#include <string>
#include <vector>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/printable.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPiece = 256 << 10;
constexpr std::size_t kTarBlock = 512, kMaxName = 100;
constexpr std::int64_t kMaxSize = (std::int64_t{1} << 33) - 1;  // eleven octal digits

struct Header {
  char name[100], mode[8], owner[8], group[8], size[12], time[12], checksum[8], type, link[100], magic[6], version[2],
      owner_name[32], group_name[32], major[8], minor[8], prefix[155], padding[12];
};
static_assert(sizeof(Header) == kTarBlock);

template <std::size_t size>
void put_octal(char (&field)[size], std::int64_t value) {
  for (std::size_t i = size - 1; i-- > 0; value >>= 3) field[i] = static_cast<char>('0' + (value & 7));
}

Header header_of(const std::string& name, char type, std::int64_t size, const struct stat& status) {
  Header header{};
  std::memcpy(header.name, name.data(), std::min(name.size(), kMaxName));
  put_octal(header.mode, status.st_mode & S_IXUSR ? 0755 : 0644);
  put_octal(header.owner, 0);
  put_octal(header.group, 0);
  put_octal(header.size, std::min(size, kMaxSize));
  put_octal(header.time, std::clamp<std::int64_t>(status.st_mtime, 0, kMaxSize));
  header.type = type;
  std::memcpy(header.magic, "ustar", 6);
  std::memcpy(header.version, "00", 2);
  std::memset(header.checksum, ' ', sizeof header.checksum);
  const auto* bytes = reinterpret_cast<const unsigned char*>(&header);
  const int sum = std::accumulate(bytes, bytes + sizeof header, 0);
  std::memset(header.checksum, 0, sizeof header.checksum);
  char digits[7] = {};
  put_octal(digits, sum);
  std::memcpy(header.checksum, digits, sizeof digits);
  header.checksum[7] = ' ';
  return header;
}

// The length counts its own digits.
std::string pax_line(const std::string& key, const std::string& value) {
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t length = rest + 1;
  while (std::to_string(length).size() + rest != length) ++length;
  return std::to_string(length) + " " + key + "=" + value + "\n";
}

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
  // Weights hardly compress: more effort than 1 costs seconds and gains a hundredth.
  explicit Packer(const fs::path& file) : file_(file), out_(::gzopen(file.c_str(), "wb1e")) {
    if (!out_) failed();
    ::gzbuffer(out_, kPiece);
  }
  ~Packer() {
    if (out_) ::gzclose(out_);
  }
  Packer(const Packer&) = delete;
  Packer& operator=(const Packer&) = delete;

  void add(const fs::path& path, const std::string& name) {
    const Descriptor in(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    struct stat status {};
    if (in.fd < 0 || ::fstat(in.fd, &status) != 0) unreadable(path);
    std::string more;
    if (name.size() > kMaxName) more += pax_line("path", name);
    if (status.st_size > kMaxSize) more += pax_line("size", std::to_string(status.st_size));
    if (!more.empty()) {
      write_header(header_of("pax", 'x', static_cast<std::int64_t>(more.size()), status));
      write(more.data(), more.size());
      pad(static_cast<std::int64_t>(more.size()));
    }
    write_header(header_of(name, '0', status.st_size, status));
    copy(in.fd, status.st_size, path);
    pad(status.st_size);
  }

  void close() {
    const std::array<char, 2 * kTarBlock> end{};
    write(end.data(), end.size());
    const int status = ::gzclose(out_);
    out_ = nullptr;
    if (status != Z_OK) failed();
  }

 private:
  void write_header(const Header& header) { write(&header, sizeof header); }

  void write(const void* bytes, std::size_t size) {
    if (size > 0 && ::gzwrite(out_, bytes, static_cast<unsigned>(size)) != static_cast<int>(size)) failed();
  }

  void pad(std::int64_t size) {
    const std::array<char, kTarBlock> zeros{};
    write(zeros.data(), (kTarBlock - static_cast<std::size_t>(size) % kTarBlock) % kTarBlock);
  }

  // The header has said the size: of a file that grows meanwhile the rest is left out, one that shrinks is an error.
  void copy(int fd, std::int64_t left, const fs::path& path) {
    while (left > 0) {
      const auto wanted = static_cast<std::size_t>(std::min<std::int64_t>(left, kPiece));
      const ssize_t count = ::read(fd, piece_.data(), wanted);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) unreadable(path);
      require(count > 0, printable(path.string()), " became shorter while it was packed");
      write(piece_.data(), static_cast<std::size_t>(count));
      left -= count;
    }
  }

  [[noreturn]] static void unreadable(const fs::path& path) {
    fail(Kind::unavailable, "cannot read ", printable(path.string()), ": ", system_message());
  }
  [[noreturn]] void failed() const { fail(Kind::unavailable, "cannot write ", file_.string(), ": ", system_message()); }

  const fs::path file_;
  gzFile out_;
  std::vector<char> piece_ = std::vector<char>(kPiece);
};

}  // namespace

void pack_tar_gz(const fs::path& folder, const fs::path& file) {
  try {
    Packer packer(file);
    for (const std::string& name : files_below(folder)) packer.add(folder / name, name);
    packer.close();
  } catch (...) {
    std::error_code ignored;
    if (fs::is_regular_file(file, ignored)) fs::remove(file, ignored);
    throw;
  }
}

}  // namespace graft
