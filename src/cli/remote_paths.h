// s3:// paths where a command takes folders and files: a copy on this machine takes the place of what it reads, and
// what it writes is sent when it is done.
//
// Copies lie in $GRAFT_CACHE/s3 ($XDG_CACHE_HOME/graft/s3, ~/.cache/graft/s3), in a folder for each path; only objects
// that changed are fetched again, and what was not used for longest goes when there is little room (remote/copies.h).
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "remote/copies.h"
#include "remote/store.h"

namespace graft {

class RemotePaths {
 public:
  // Each function gives a path that is not s3:// back as it is, the empty one too.
  //
  // Images: the prefix as a folder, or the object as a file where one has the very name.
  std::filesystem::path images(const std::filesystem::path& path);
  // A bundle or weights: a prefix, an archive (.tar.gz), which is unpacked, or a file.
  std::filesystem::path model(const std::filesystem::path& path);
  // Single files, and all of a prefix that ends in '/': with the names to call them by.
  struct File {
    std::string shown{};
    std::filesystem::path local{};
  };
  std::vector<File> files(const std::vector<std::filesystem::path>& paths);

  // Where to write what is meant for `path`: an empty folder of this machine, or as an earlier command left it where
  // `keep`. It stays when the command fails.
  std::filesystem::path output(const std::filesystem::path& path, bool keep = false);
  // Sends what was written to every output(), as an archive where the path ends in .tar.gz, and removes it here.
  void send();
  // `words` with s3:// paths in place of the folders and files that stand for them.
  std::string shown(std::string words) const;

  const S3Settings& settings();

 private:
  friend std::shared_ptr<RemotePaths> add_remote_paths(CLI::App* command);
  std::filesystem::path entry(const std::filesystem::path& path);
  void keep_bounded() const;

  std::optional<std::string> endpoint_{};
  std::optional<S3Settings> settings_{};
  struct Stand {
    std::filesystem::path local{};
    S3Path remote{};
    std::shared_ptr<const void> lock{};  // of an output: no other process writes there
  };
  std::vector<Stand> inputs_{}, outputs_{};
  std::vector<std::shared_ptr<const Copy>> used_{};  // they stay while this command runs
};

// Declares --s3-endpoint; the paths are to be asked for when the command runs.
std::shared_ptr<RemotePaths> add_remote_paths(CLI::App* command);

// Throws Kind::invalid for an s3:// path; `what` is the option that takes none.
void refuse_remote(const std::filesystem::path& path, const char* what);

}  // namespace graft
