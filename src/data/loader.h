// Batches in order, made by threads that work ahead.
//
// The unit of work is one sample: its picture is read, and the caller's transform writes it to its place in the batch.
// What a batch holds depends on the order alone, never on the threads.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "data/dataset.h"

namespace graft {

struct Batch {
  std::vector<float> pixels;         // [samples, floats_per_sample]
  std::vector<int> labels;           // [samples]
  std::vector<std::size_t> indices;  // [samples], into the dataset
};

// Writes what the network reads of a sample to `out`. `index` is the sample's in the dataset. Called on many threads at
// once.
using Transform = std::function<void(const Sample& sample, std::size_t index, std::span<float> out)>;

struct LoaderOptions {
  std::size_t batch = 32;
  std::size_t floats_per_sample = 0;
  std::size_t threads = 1;
  std::size_t ahead = 2;  // batches held ready or in the making; with the caller's, all the memory there is
  std::size_t last = 0;   // samples of the last batch, which may be more than `batch`; 0: what is left
};

// One pass. Used by one thread; destroyed at any time, also in the middle.
class Loader {
 public:
  // Begins at once. Throws when an index of `order` is not in the dataset.
  Loader(DatasetPtr dataset, std::vector<std::size_t> order, const LoaderOptions& options, Transform transform);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  // The next batch; the last may be short. False when there are no more. The memory `batch` comes with is used again,
  // so pass the same one each time. Throws what reading or transforming a sample threw, with the sample's name, when
  // its batch is due; and again each time after.
  bool next(Batch& batch);

 private:
  struct Slot {
    Batch batch;
    std::size_t missing = 0;    // samples not yet written
    std::exception_ptr error;   // of the first sample in order that failed
    std::size_t failed_at = 0;  // its place in the batch
  };

  std::size_t batches() const { return equal_batches_ + (options_.last > 0); }
  std::size_t batch_of(std::size_t position) const { return std::min(position / options_.batch, batches() - 1); }
  std::size_t end_of(std::size_t batch) const;
  Slot& slot(std::size_t batch) { return slots_[batch % slots_.size()]; }
  void prepare(std::size_t batch);
  void work();
  void make(Slot& slot, std::size_t position, std::size_t row);

  const DatasetPtr dataset_;
  const std::vector<std::size_t> order_;
  const LoaderOptions options_;
  const Transform transform_;
  std::size_t equal_batches_ = 0;  // those before options_.last

  std::mutex mutex_;
  std::condition_variable room_;   // a batch was taken, or it is time to stop
  std::condition_variable ready_;  // a batch is complete
  // Guarded by mutex_, but for the parts of a slot's batch that belong to one sample.
  std::vector<Slot> slots_;
  std::size_t taken_ = 0;   // batches given to the caller
  std::size_t cursor_ = 0;  // the next position of order_ to work on
  bool stopping_ = false;

  std::vector<std::thread> threads_;
};

}  // namespace graft
