// Objects in the index. Keys are any bytes; their order is that of bytes.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "http/message.h"
#include "s3/store.h"

namespace graft::s3 {

// A content of this size or less lies in the index; a larger one in a file.
inline constexpr std::uint64_t kMostInIndex = 32 << 10;

struct Object {
  std::string key{};
  std::uint64_t size = 0;
  std::int64_t modified = 0;  // milliseconds since 1970
  std::string etag{};         // without quotes: MD5 in hex, with "-5" behind it where 5 parts were put together
  std::uint32_t crc32c = 0;   // of the content
  FileId file = 0;            // where it is; 0: in `bytes`
  std::string bytes{};
  bool is_public = false;  // anyone may read it
  Headers headers{};       // as they were given, for those who read it
  Headers checksums{};     // x-amz-checksum-*, in base64; "...-5" where it is one of checksums
  Headers tags{};
  std::vector<std::uint64_t> parts{};  // their sizes, where it was put together of parts
};

// With its content in `bytes` where it is in the index and `with_bytes` is set.
std::optional<Object> find_object(Store& store, std::int64_t bucket, const std::string& key, bool with_bytes = false);

// What must be true of the object that is there now; throws otherwise. Given nothing where there is none.
struct Present {
  std::string etag{};
  std::int64_t modified = 0;
  std::uint64_t size = 0;
};
using Precondition = std::function<void(const std::optional<Present>&)>;

// Replaces what is there. On disk when it returns; then `file` is the store's. Throws NoSuchBucket when the bucket went
// meanwhile.
void put_object(Store& store, std::int64_t bucket, const Object& object, const Precondition& precondition = {});
// The same, as a part of a change of the index. Returns the file that it replaced, which is to be removed when the
// change is on disk, or 0.
FileId put_object(Database& database, std::int64_t bucket, const Object& object, const Precondition& precondition);

// Whether there was one.
bool remove_object(Store& store, std::int64_t bucket, const std::string& key, const Precondition& precondition = {});
// All at once, where the disk has room for that.
void remove_objects(Store& store, std::int64_t bucket, std::span<const std::string> keys);

// Throws NoSuchKey.
void set_tags(Store& store, std::int64_t bucket, const std::string& key, const Headers& tags);
void set_public(Store& store, std::int64_t bucket, const std::string& key, bool is_public);

}  // namespace graft::s3
