// The models of one instance that serves many: each is loaded when it is first asked for, and those not asked for the
// longest go when memory is short.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "hosting/model_cache.h"
#include "http/client.h"

namespace graft {

class MultiModel {
 public:
  // `prefix` is where the models are, s3://bucket/models/. `most_bytes` of models, unpacked, are loaded at once; 0:
  // half of this machine's memory.
  MultiModel(ModelCache& cache, std::string account, std::string prefix, std::uint64_t most_bytes = 0);

  // Has the process, in its start of that number, load the model, which X-Amzn-SageMaker-Target-Model
  // names; where to post requests for it. Throws kValidationError for what is no model, kModelNotReady when it takes
  // longer than a request may.
  std::string load(ClientPool& process, unsigned start, std::string_view target);

  // The process says that it has it no more.
  void forget(std::string_view target);

 private:
  struct Entry {
    std::timed_mutex loading{};
    std::atomic<unsigned> start = 0;      // of the process that has it; 0: none yet. Set once, last
    std::atomic<std::uint64_t> used = 0;  // when last, counted
    std::string name{};                   // what the process knows it by
    CachedModelPointer model{};
  };
  using EntryPointer = std::shared_ptr<Entry>;

  EntryPointer entry_of(std::string_view target, unsigned start);
  void drop(std::string_view target, const EntryPointer& entry);
  // Makes the one not used for the longest go; false where there is none but `but`.
  bool unload_one(ClientPool& process, unsigned start, const Entry* but);
  std::uint64_t loaded_bytes(unsigned start);

  ModelCache& cache_;
  const std::string account_, prefix_;
  const std::uint64_t most_bytes_;
  std::mutex mutex_;
  std::map<std::string, EntryPointer, std::less<>> entries_;  // by target; guarded by mutex_
  unsigned last_start_ = 0;                                   // that was asked for; guarded by mutex_
  std::atomic<std::uint64_t> uses_ = 0;
};

}  // namespace graft
