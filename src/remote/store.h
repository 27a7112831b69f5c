// Objects in S3 and what speaks like it (AWS, MinIO, Ceph, `graft up`), by libcurl, signed with Signature Version 4.
//
// Every function blocks, is thread-safe, tries again what failed for a passing reason (5xx, 429, a broken connection),
// and throws Kind::not_found and Kind::denied as the store says so, Kind::unavailable for all else; the sentence names
// the s3:// path.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace graft {

// s3://bucket/key; a key may be empty (the bucket) or end in '/' (a prefix).
struct S3Path {
  std::string bucket{}, key{};
};
bool is_s3(std::string_view path);
// Throws Kind::invalid unless it is one.
S3Path parse_s3(std::string_view path);
std::string name(const S3Path& path);

// Where it is and who asks.
struct S3Settings {
  std::string endpoint{};  // "http://127.0.0.1:9000"; empty: AWS
  std::string region = "us-east-1";
  std::string access_key{}, secret_key{}, session_token{};  // empty: unsigned
  std::filesystem::path authorities{};                      // PEM; empty: the system's
  bool path_style = true;                                   // the bucket in the path; else in the host's name
};
// As AWS's own clients find them: AWS_* variables, the profile (AWS_PROFILE) of ~/.aws/config and credentials, a
// container's credentials; AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_CA_BUNDLE. `endpoint` wins where it is given.
S3Settings s3_settings(const std::optional<std::string>& endpoint = {});

struct RemoteObject {
  std::string key{}, etag{};
  std::uint64_t size = 0;
  std::int64_t modified = 0;  // seconds since 1970
};

// All objects whose keys begin with the path's key, in order: "s3://b/train/" for those of a folder, "s3://b/train" for
// train2/ too.
void list_objects(const S3Settings& settings, const S3Path& prefix,
                  const std::function<void(const RemoteObject&)>& each);

std::optional<RemoteObject> find_object(const S3Settings& settings, const S3Path& path);
Bytes get_object(const S3Settings& settings, const S3Path& path, std::uint64_t limit);
// To a file, which is there as a whole or not at all. Its memory does not grow with the object. `progress` may throw to
// end it.
void download(const S3Settings& settings, const S3Path& path, const std::filesystem::path& file,
              const std::function<void(std::uint64_t done)>& progress = {});
// The same, unless the file is there with the same size and time or content. Whether it was fetched.
bool download_changed(const S3Settings& settings, const S3Path& path, const std::filesystem::path& file,
                      const std::function<void(std::uint64_t done, std::uint64_t total)>& progress = {});
void put_object(const S3Settings& settings, const S3Path& path, ByteView content, const std::string& content_type = {});
// In parts where it is large; parts that were sent are taken back when it fails.
void upload(const S3Settings& settings, const std::filesystem::path& file, const S3Path& path,
            const std::function<void(std::uint64_t done, std::uint64_t total)>& progress = {});
void delete_object(const S3Settings& settings, const S3Path& path);

// A whole prefix to a folder and back, several objects at once; what is there with the same size and time or content is
// left. An object whose key is the whole prefix gets its last name. Keys that would leave the folder ("../", "/x"), and
// those that are a file and a folder, are refused before anything is moved. Returns the objects moved. `progress` is
// told of bytes, by one thread at a time. Files of a download are whole, but not synced: what a crash of the machine
// leaves of them has another size, and is fetched again.
struct Moved {
  std::size_t objects = 0;
  std::uint64_t bytes = 0;
  std::size_t all = 0;  // with those that were left
};
Moved download_folder(const S3Settings& settings, const S3Path& prefix, const std::filesystem::path& folder,
                      const std::function<void(std::uint64_t done, std::uint64_t total)>& progress = {});
// The same; what else the folder holds is removed.
Moved mirror_folder(const S3Settings& settings, const S3Path& prefix, const std::filesystem::path& folder,
                    const std::function<void(std::uint64_t done, std::uint64_t total)>& progress = {});
Moved upload_folder(const S3Settings& settings, const std::filesystem::path& folder, const S3Path& prefix,
                    const std::function<void(std::uint64_t done, std::uint64_t total)>& progress = {});

}  // namespace graft
