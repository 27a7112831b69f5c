// The models that are served, by name: loaded, replaced and unloaded while requests go on.
//
// A model is replaced by another pointer: it is loaded and warmed up aside, the next request gets it, and the old one
// goes when the last request that has it is answered. What comes from disk is looked at once a second: a bundle that
// was written anew, and the files of a folder of heads.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "serve/disposal.h"
#include "serve/model.h"
#include "serve/stamp.h"

namespace graft {

struct ModelsOptions {
  TrunkOptions trunk{};
  // Clients may load bundles from below this folder; where it is empty, from nowhere.
  std::filesystem::path root{};
};

// Codes of errors that the protocol has a status for.
constexpr char kAlreadyLoaded[] = "ModelAlreadyLoaded";
constexpr char kNotLoaded[] = "ModelNotLoaded";
constexpr char kNoMemory[] = "InsufficientMemory";

// Letters, digits, '.', '_' and '-', beginning with one of the first two; 128 at most.
bool is_model_name(std::string_view name);

// The bundle in `folder`: itself, folder/model, or its only sub-folder. Throws Kind::not_found where there is none.
std::filesystem::path find_bundle(const std::filesystem::path& folder);

// Thread-safe.
class Models {
 public:
  using Pointer = std::shared_ptr<const Model>;

  explicit Models(ModelsOptions options);
  // No request may have a model any more.
  ~Models();

  // What the process was started for; each at most once. The bundle that answers requests that name none; a backbone
  // for the heads DIR/NAME.safetensors and DIR/NAME/head.safetensors.
  void serve(const std::filesystem::path& bundle);
  void serve_heads(const std::filesystem::path& backbone, const std::filesystem::path& folder);

  // Looks at the disk each second from now on.
  void watch();
  // One look. A file that changed is read when it is the same at the next look, so not while it is written.
  void look();

  // An empty name is the bundle of serve(). Throws with kNotLoaded.
  Pointer find(std::string_view name) const;

  // A client's: below the root, if there is memory for it.
  void load(const std::string& name, const std::filesystem::path& folder);
  // Reads a model again, from `folder` where one is given.
  void replace(const std::string& name, const std::optional<std::filesystem::path>& folder);
  void unload(const std::string& name);

  std::size_t size() const;
  // In the order of names, from the first one behind `after`.
  std::vector<Pointer> list(std::string_view after, std::size_t most) const;

 private:
  struct Served {
    Pointer model{};
    bool of_client = false;
    BundleStamp loaded{}, seen{}, refused{};  // of bundles
  };
  // `before` is what it takes the place of, or null.
  Pointer load_bundle(const std::string& name, const std::filesystem::path& folder, const Model* before) const;
  std::filesystem::path checked(const std::filesystem::path& folder) const;
  void put(const std::string& name, Served served);
  void remove(const std::string& name);
  void look_at_bundles();
  void look_at_heads();

  const ModelsOptions options_;
  mutable Disposal disposal_;
  std::mutex changing_;  // one at a time loads, looks or unloads; guards the next four
  std::filesystem::path heads_folder_;
  std::shared_ptr<const Trunk> heads_trunk_;
  std::map<std::string, Stamp, std::less<>> head_files_;  // that were read, or refused
  std::set<std::string> odd_names_;

  mutable std::shared_mutex mutex_;  // guards what follows
  std::map<std::string, Served, std::less<>> served_;
  std::string default_name_;

  std::mutex watch_mutex_;
  std::condition_variable_any watch_changed_;
  std::jthread watch_;
};

}  // namespace graft
