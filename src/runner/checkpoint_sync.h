// Keeps an S3 prefix like an instance's checkpoints while its program runs: what is new or changed is uploaded, what
// was removed is deleted. Only for runner/.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "remote/store.h"

namespace graft {

class CheckpointSync {
 public:
  // `instance` is the folder with checkpoints/ in it. `record` is the file that says what has been uploaded; it
  // outlives this object.
  CheckpointSync(S3Settings s3, S3Path prefix, std::filesystem::path instance, std::filesystem::path record);
  ~CheckpointSync();
  CheckpointSync(const CheckpointSync&) = delete;
  CheckpointSync& operator=(const CheckpointSync&) = delete;

  // What is there now came from the prefix. Before start().
  void adopt();
  // Every few seconds from now on, on a thread of its own. A file is taken when it has not changed since the last look.
  void start();
  // Ends that, and takes all that is there.
  void finish();

 private:
  struct File {
    std::uint64_t size = 0;
    std::int64_t modified = 0;  // nanoseconds
    bool operator==(const File&) const = default;
  };
  using Files = std::map<std::string, File>;

  Files look() const;
  void sync(bool all);
  void put(const std::string& name) const;
  void load();
  void save() const;
  void run();
  void end_thread();

  const S3Settings s3_;
  const S3Path prefix_;
  const std::filesystem::path instance_, record_;
  Files uploaded_{}, seen_{};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace graft
