// A file goes up in one piece, or in parts of 16 MiB that grow where 10,000 of them would not hold it. The store
// compares each with its SHA-256, which is signed.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/thread_pool.h"
#include "remote/content_type.h"
#include "remote/digests.h"
#include "remote/file_transfer.h"
#include "remote/s3_request.h"
#include "remote/s3_xml.h"

namespace graft {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;
constexpr std::uint64_t kWhole = 32 * kMiB, kPart = 16 * kMiB, kMostParts = 10'000;
constexpr std::size_t kThreads = 4;
// Stores put the parts together before they answer.
constexpr std::chrono::milliseconds kCompletion{600'000};

struct Source {
  Descriptor file;
  std::string name;
  std::uint64_t size = 0;

  explicit Source(const std::filesystem::path& path)
      : file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)), name(path.string()) {
    struct stat status {};
    if (file.fd < 0 || ::fstat(file.fd, &status) != 0) {
      fail(errno == ENOENT ? Kind::not_found : Kind::denied, "cannot read ", name, ": ", system_message());
    }
    require(S_ISREG(status.st_mode), "cannot read ", name, ": it is not a file");
    size = static_cast<std::uint64_t>(status.st_size);
  }
  WebBody part(std::uint64_t offset, std::uint64_t length) const { return body_of(file.fd, offset, length, name); }
};

std::uint64_t part_size(std::uint64_t size) {
  const std::uint64_t least = (size + kMostParts - 1) / kMostParts;
  return std::max(kPart, (least + kMiB - 1) / kMiB * kMiB);
}

// The offsets of the parts.
std::vector<std::uint64_t> parts_of(std::uint64_t size) {
  std::vector<std::uint64_t> offsets;
  for (std::uint64_t at = 0; at < size; at += part_size(size)) offsets.push_back(at);
  return offsets;
}

void check_etag(const S3Path& path, const WebAnswer& answer) {
  if (!find_header(answer.headers, "ETag"))
    fail(Kind::unavailable, name(path), ": the store took a part without an ETag");
}

class PartsUpload {
 public:
  PartsUpload(const S3Settings& settings, const Source& source, const S3Path& path, const Moving& moving)
      : settings_(settings), source_(source), path_(path), moving_(moving) {}

  void run() {
    S3Request begin{.method = "POST", .path = path_, .query = {{"uploads", ""}}, .body = body_of(ByteView())};
    begin.headers = {{"content-type", content_type(path_.key)}};
    id_ = parse_upload_id(as_text(call(settings_, begin).body), name(path_));
    try {
      send_parts();
      complete();
    } catch (...) {
      take_back();
      throw;
    }
  }

 private:
  void send_parts() {
    const std::vector<std::uint64_t> offsets = parts_of(source_.size);
    const std::uint64_t part = part_size(source_.size);
    etags_.resize(offsets.size());
    parallel_for(offsets.size(), kThreads, [&](std::size_t i) {
      const std::uint64_t length = std::min(part, source_.size - offsets[i]);
      const WebAnswer answer = call(settings_, {.method = "PUT",
                                                .path = path_,
                                                .query = {{"partNumber", std::to_string(i + 1)}, {"uploadId", id_}},
                                                .body = source_.part(offsets[i], length)});
      check_etag(path_, answer);
      etags_[i] = *find_header(answer.headers, "ETag");
      if (moving_) moving_(static_cast<std::int64_t>(length));
    });
  }

  // The answer may be lost after the store has done it, and there is no such upload when it is asked again.
  void complete() {
    const std::string words = completion(etags_);
    const WebAnswer answer = send(settings_, {.method = "POST",
                                              .path = path_,
                                              .query = {{"uploadId", id_}},
                                              .headers = {{"content-type", "application/xml"}},
                                              .body = body_of(as_bytes(words)),
                                              .stall = kCompletion});
    // An answer that began with 200 can still tell of an error.
    const S3Problem problem = parse_problem(as_text(answer.body));
    if (answer.status == 200 && problem.code.empty()) return;
    if (problem.code == "NoSuchUpload") {
      const auto object = find_object(settings_, path_);
      if (object && object->size == source_.size && is_of_parts(object->etag)) return;
    }
    refuse(path_, answer);
  }

  // Whether an object with this ETag was put together of these parts. One that was there before may have the same size.
  bool is_of_parts(const std::string& etag) const {
    Md5 all;
    for (std::string part : etags_) {
      std::erase(part, '"');
      if (!is_md5(part)) return etag.ends_with(text("-", etags_.size()));
      all.update(md5_bytes(part));
    }
    return etag == text(all.finish(), "-", etags_.size());
  }

  void take_back() noexcept {
    try {
      call(settings_, {.method = "DELETE", .path = path_, .query = {{"uploadId", id_}}});
    } catch (const std::exception&) {
      // The store's own rules remove it then; what went wrong before is what people must hear.
    }
  }

  const S3Settings& settings_;
  const Source& source_;
  const S3Path& path_;
  const Moving& moving_;
  std::string id_{};
  std::vector<std::string> etags_{};
};

std::string md5_of(const WebBody& body) {
  Md5 hash;
  Bytes room(std::min<std::uint64_t>(body.size, kMiB));
  for (std::uint64_t at = 0; at < body.size;) {
    const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(room.size(), body.size - at));
    const std::size_t count = body.read(at, std::span(room).first(most));
    hash.update(ByteView(room).first(count));
    at += count;
  }
  return hash.finish();
}

}  // namespace

void upload_file(const S3Settings& settings, const std::filesystem::path& file, const S3Path& path,
                 const Moving& moving) {
  const Source source(file);
  if (source.size > kWhole) return PartsUpload(settings, source, path, moving).run();
  call(settings, {.method = "PUT",
                  .path = path,
                  .headers = {{"content-type", content_type(path.key)}},
                  .body = source.part(0, source.size)});
  if (moving) moving(static_cast<std::int64_t>(source.size));
}

std::string expected_etag(const std::filesystem::path& file) {
  const Source source(file);
  if (source.size <= kWhole) return md5_of(source.part(0, source.size));
  Md5 all;
  const std::vector<std::uint64_t> offsets = parts_of(source.size);
  for (const std::uint64_t offset : offsets) {
    all.update(md5_bytes(md5_of(source.part(offset, std::min(part_size(source.size), source.size - offset)))));
  }
  return text(all.finish(), "-", offsets.size());
}

}  // namespace graft
