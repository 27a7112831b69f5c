// One file to the store and back, telling how far it is. Only for remote/.
#pragma once

#include <functional>

#include "remote/store.h"

namespace graft {

// Told of bytes that went over the wire; less than 0 when they went in vain. From any thread.
using Moving = std::function<void(std::int64_t bytes)>;

// `sync` waits for the disk.
void download_file(const S3Settings& settings, const S3Path& path, const std::filesystem::path& file, bool sync,
                   const Moving& moving);
void upload_file(const S3Settings& settings, const std::filesystem::path& file, const S3Path& path,
                 const Moving& moving);

// The ETag that upload() gives the file: its MD5, or the MD5 of its parts' MD5s and "-3" for three parts.
std::string expected_etag(const std::filesystem::path& file);

}  // namespace graft
