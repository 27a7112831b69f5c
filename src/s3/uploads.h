// Unfinished uploads in the index. A part is a file; what S3 calls "the part was uploaded" means that it is on disk.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "s3/checksum.h"
#include "s3/objects.h"
#include "s3/store.h"

namespace graft::s3 {

inline constexpr int kMostParts = 10'000;
inline constexpr std::uint64_t kLeastPart = 5 << 20;  // but the last

struct Upload {
  std::string id{};
  std::int64_t bucket = 0;
  std::string key{};
  std::int64_t begun = 0;  // milliseconds since 1970
  std::string account{}, user{};
  bool is_public = false;
  Headers headers{}, tags{};  // of the object that it becomes
  std::optional<Algorithm> algorithm{};
  bool composite = false;  // the object's checksum is one of the parts' checksums
};

struct Part {
  int number = 0;
  std::uint64_t size = 0;
  std::int64_t modified = 0;
  std::string etag{};
  std::uint32_t crc32c = 0;
  std::string checksum{};  // of the upload's algorithm, in base64
  FileId file = 0;
  std::uint64_t offset = 0;  // within the file
};

// Throws NoSuchUpload.
void demand_upload(Database& database, const std::string& id);

void add_upload(Store& store, const Upload& upload);
// Throws NoSuchUpload.
Upload find_upload(Store& store, std::int64_t bucket, const std::string& key, const std::string& id);
// Replaces a part of that number. Throws NoSuchUpload.
void put_part(Store& store, const std::string& upload, const Part& part);
// Those with a number above `after`, by number.
std::vector<Part> parts_of(Store& store, const std::string& upload, int after = 0, std::size_t most = kMostParts);
// Throws NoSuchUpload.
void remove_upload(Store& store, const std::string& id);
// Puts the object in place and ends the upload, at once. Files of parts that are not the object's go. Throws
// NoSuchUpload when somebody else ended it meanwhile.
void finish_upload(Store& store, const Upload& upload, const Object& object, const Precondition& precondition);

// Of a bucket, by key and id, behind these two.
std::vector<Upload> list_uploads(Store& store, std::int64_t bucket, const std::string& from,
                                 const std::string& after_key, const std::string& after_id, std::size_t most);

}  // namespace graft::s3
