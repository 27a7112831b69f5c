// Models that differ in their heads only, behind one process for each backbone: a head is a few KB, its backbone is
// most of a model's memory and time.
//
// A model takes part that has head.safetensors (docs/bundle_format.md), which names its backbone by a digest. The first
// model of a group brings the backbone, for as long as the group is; the process reads the heads from a folder where
// files come and go, and checks the digests itself. Groups do not cross accounts.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "hosting/instance.h"

namespace graft {

struct SharedHead {
  std::filesystem::path file{};
  std::filesystem::path bundle{};  // with the backbone; empty where the model is a head alone
  std::string backbone{};          // its digest
  std::string precision{};         // that the bundle records
};
// Nothing where the model has no head of its own. Throws where the file is none.
std::optional<SharedHead> find_head(const CachedModel& model);

class SharedBackbones {
 public:
  SharedBackbones(std::filesystem::path folder, std::shared_ptr<Bell> bell);

  struct Wish {
    std::string account{};
    SharedHead head{};
    std::string name{};      // of the model, for answers and people
    std::string settings{};  // processes are shared by who wants the same
    std::size_t number = 0;  // of the instance: a group has as many processes as its largest variant
    std::function<void(const std::vector<std::string>&)> log{};
    std::function<Program(const std::filesystem::path& backbone, const std::filesystem::path& heads)> program{};
  };
  // Gives the instance, whose model is set, its process, target and leave. Throws where a head is alone and nobody
  // brought its backbone.
  void join(Instance& instance, const Wish& wish);

 private:
  struct Logs;
  struct Group {
    std::filesystem::path heads{};
    std::filesystem::path bundle{};
    CachedModelPointer model{};                // of the bundle
    std::map<std::string, std::size_t> users;  // of each head's file
    struct Process {
      std::shared_ptr<ServingProcess> process{};
      std::shared_ptr<Logs> logs{};
      std::size_t users = 0;
    };
    std::map<std::size_t, Process> processes{};
  };
  void leave(const std::string& group, std::size_t number, const ServingProcess* process, const std::string& head,
             const std::string& instance);

  const std::filesystem::path folder_;
  const std::shared_ptr<Bell> bell_;
  std::mutex mutex_;
  std::map<std::string, Group> groups_;  // guarded by mutex_
};

}  // namespace graft
