// A folder in an object store, as its files or as one archive.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "remote/store.h"

namespace graft {

// Whether it is to be an archive: "model.tar.gz".
bool is_archive_name(const std::string& name);

// A bar of bytes, for the functions of remote/.
std::function<void(std::uint64_t done, std::uint64_t total)> show_bytes(const std::string& title);

// The folder's files below the path, or all of them in one archive. Returns the bytes sent.
std::uint64_t push_folder(const S3Settings& settings, const std::filesystem::path& folder, const S3Path& to);

// What lies below the path, or what the archive holds, which then is there as a whole or not at all. An object that has
// the very name is put into the folder. Returns the bytes fetched.
std::uint64_t pull_folder(const S3Settings& settings, const S3Path& from, const std::filesystem::path& folder);

}  // namespace graft
