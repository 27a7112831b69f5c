// Pipe mode: a channel's objects through FIFOs, one for each epoch, for as long as the program reads them. Only for
// runner/.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>

#include "base/descriptor.h"
#include "runner/inputs.h"

namespace graft {

class PipeFeeder {
 public:
  // Makes the next FIFO in `data` (input/data) at once: the first, or the one after those that `record`, a folder, says
  // were fed. `failed` is told, from another thread, when objects cannot be read; the FIFO then ends.
  PipeFeeder(S3Settings s3, JobChannel channel, Share share, std::filesystem::path data, std::filesystem::path record,
             std::function<void(const std::string&)> failed);
  ~PipeFeeder();
  PipeFeeder(const PipeFeeder&) = delete;
  PipeFeeder& operator=(const PipeFeeder&) = delete;

  // Whether one with this record ended within an epoch: the program has got less than it should.
  static bool was_feeding(const std::filesystem::path& record);

 private:
  void run();
  void check() const;  // throws when it is to end
  int first_epoch() const;
  void make_fifo(int epoch) const;
  int open_fifo(int epoch) const;
  void feed(int fd, int epoch);
  void feed_objects(int fd, int epoch);
  void feed_lines(int fd, int epoch);
  void feed_object(int fd, const S3Path& path);
  // There while an epoch is on its way; how many are done.
  std::filesystem::path feeding() const { return record_ / (channel_.name + ".feeding"); }
  std::filesystem::path fed() const { return record_ / (channel_.name + ".fed"); }
  std::filesystem::path fifo(int epoch) const { return data_ / (channel_.name + "_" + std::to_string(epoch)); }

  const S3Settings s3_;
  const JobChannel channel_;
  const Share share_;
  const std::filesystem::path data_, record_;
  const std::function<void(const std::string&)> failed_;
  Descriptor wake_;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

}  // namespace graft
