#include "serve/models.h"

#include <algorithm>

#include "base/background.h"
#include "base/error.h"
#include "base/log.h"
#include "serve/memory.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestName = 128;
constexpr std::chrono::seconds kPeriod{1};

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

Error not_loaded(std::string_view name) {
  return Error(Kind::not_found, kNotLoaded, text("no model is loaded under the name ", name.substr(0, kLongestName)));
}

// A plan holds the weights once, in its own layout, and reads them from the file's pages meanwhile.
void check_memory(const fs::path& folder) {
  std::error_code error;
  const std::uintmax_t weights = fs::file_size(folder / "model.safetensors", error);
  if (error) return;  // reading the bundle says it better
  const std::uintmax_t needed = 2 * weights + (std::uintmax_t{64} << 20);
  const std::size_t available = available_bytes();
  if (needed <= available) return;
  throw Error(Kind::unavailable, kNoMemory,
              text(folder.string(), ": loading it takes ", needed >> 20, " MiB of memory, and ", available >> 20,
                   " MiB are left"));
}

}  // namespace

bool is_model_name(std::string_view name) {
  return !name.empty() && name.size() <= kLongestName && is_letter_or_digit(name.front()) &&
         std::ranges::all_of(name, [](char c) { return is_letter_or_digit(c) || c == '.' || c == '_' || c == '-'; });
}

fs::path find_bundle(const fs::path& folder) {
  if (is_bundle(folder)) return folder;
  if (is_bundle(folder / "model")) return folder / "model";
  std::vector<fs::path> below;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    if (is_bundle(entry.path())) below.push_back(entry.path());
  }
  if (below.size() == 1) return below.front();
  fail(Kind::not_found, folder.string(), ": not a bundle: it has no graft.json");
}

Models::Models(ModelsOptions options) : options_(std::move(options)) {}

Models::~Models() {
  watch_.request_stop();
  if (watch_.joinable()) watch_.join();
}

void Models::watch() {
  watch_ = std::jthread([this](const std::stop_token& stop) {
    std::unique_lock lock(watch_mutex_);
    while (!watch_changed_.wait_for(lock, stop, kPeriod, [] { return false; }) && !stop.stop_requested()) {
      try {
        look();
      } catch (const std::exception& error) {
        spdlog::error("looking at the models on disk: {}", error.what());
      }
    }
  });
}

void Models::look() {
  const std::lock_guard lock(changing_);
  look_at_bundles();
  look_at_heads();
}

Models::Pointer Models::load_bundle(const std::string& name, const fs::path& folder, const Model* before) const {
  TrunkOptions options = options_.trunk;
  options.in_background = size() > 0;
  if (before) {
    options.one_image =
        before->trunk->one_image_together() ? PlanOptions::OneImage::together : PlanOptions::OneImage::one_stream;
  }
  Bundle bundle;
  const auto read = [&] { bundle = read_bundle(folder); };
  options.in_background ? in_background(read) : read();
  Model model{.name = name, .source = folder, .logit_labels = bundle.labels, .temperature = bundle.temperature};
  model.trunk = disposal_.keep(std::make_unique<Trunk>(std::move(bundle), Trunk::Output::logits, options));
  spdlog::info("{}: {} labels, computed in {}, one picture {}", name, model.labels().size(),
               name_of(model.trunk->precision()),
               model.trunk->one_image_together() ? "by all cores together" : "by one core");
  return std::make_shared<Model>(std::move(model));
}

void Models::serve(const fs::path& bundle) {
  const std::lock_guard lock(changing_);
  const fs::path folder = find_bundle(bundle);
  const std::string last = fs::weakly_canonical(folder).filename().string();
  const std::string name = is_model_name(last) ? last : "model";
  const BundleStamp stamp = stamp_of_bundle(folder);
  put(name, {.model = load_bundle(name, folder, nullptr), .loaded = stamp, .seen = stamp});
  const std::unique_lock names(mutex_);
  default_name_ = name;
}

void Models::serve_heads(const fs::path& backbone, const fs::path& folder) {
  const std::lock_guard lock(changing_);
  require(fs::is_directory(folder), folder.string(), ": there is no such folder of heads");
  heads_folder_ = folder;
  heads_trunk_ = disposal_.keep(
      std::make_unique<Trunk>(read_bundle(find_bundle(backbone)), Trunk::Output::features, options_.trunk));
  look_at_heads();
  spdlog::info("{} heads on the backbone {}", head_files_.size(), heads_trunk_->digest().substr(0, 12));
}

void Models::put(const std::string& name, Served served) {
  const std::unique_lock lock(mutex_);
  served_[name] = std::move(served);
}

void Models::remove(const std::string& name) {
  const std::unique_lock lock(mutex_);
  served_.erase(name);
}

void Models::look_at_bundles() {
  std::vector<std::string> names;
  {
    const std::shared_lock lock(mutex_);
    for (const auto& [name, served] : served_) {
      if (!served.loaded.empty()) names.push_back(name);
    }
  }
  for (const std::string& name : names) {
    Served served;
    {
      const std::shared_lock lock(mutex_);
      served = served_.at(name);  // only who holds changing_ removes
    }
    const BundleStamp now = stamp_of_bundle(served.model->source);
    const bool settled = now == std::exchange(served.seen, now);
    const bool whole = std::ranges::find(now, Stamp{}) == now.end();
    if (settled && whole && now != served.loaded && now != served.refused) {
      try {
        served.model = load_bundle(name, served.model->source, served.model.get());
        served.loaded = now;
        spdlog::info("{}: the bundle on disk is a new one, and answers from now on", name);
      } catch (const std::exception& error) {
        served.refused = now;
        spdlog::error("{}; {} goes on with the bundle that was there before", error.what(), name);
      }
    }
    put(name, std::move(served));
  }
}

Models::Pointer Models::find(std::string_view name) const {
  const std::shared_lock lock(mutex_);
  if (name.empty() && default_name_.empty()) {
    throw Error(Kind::not_found, kNotLoaded,
                "the request names no model: name one in X-Amzn-SageMaker-Target-Model, or post to "
                "/models/NAME/invoke");
  }
  const auto found = served_.find(name.empty() ? std::string_view(default_name_) : name);
  if (found == served_.end()) throw not_loaded(name);
  return found->second.model;
}

// Where a client may load from.
fs::path Models::checked(const fs::path& folder) const {
  if (options_.root.empty()) {
    fail(Kind::denied, "this server loads no models for its clients: start it with --multi-model DIR");
  }
  const fs::path root = fs::weakly_canonical(options_.root), path = fs::weakly_canonical(root / folder);
  if (std::ranges::mismatch(root, path).in1 != root.end()) {
    fail(Kind::denied, "models are loaded from below ", options_.root.string(), " only");
  }
  return find_bundle(path);
}

void Models::load(const std::string& name, const fs::path& folder) {
  require(is_model_name(name), "a model's name is letters, digits, '.', '_' and '-', 128 at most");
  const std::lock_guard lock(changing_);
  {
    const std::shared_lock names(mutex_);
    if (served_.contains(name)) {
      throw Error(Kind::conflict, kAlreadyLoaded, text("a model is loaded under the name ", name, " already"));
    }
  }
  const fs::path bundle = checked(folder);
  check_memory(bundle);
  const BundleStamp stamp = stamp_of_bundle(bundle);
  put(name, {.model = load_bundle(name, bundle, nullptr), .of_client = true, .loaded = stamp, .seen = stamp});
}

void Models::replace(const std::string& name, const std::optional<fs::path>& folder) {
  const std::lock_guard lock(changing_);
  Served served;
  {
    const std::shared_lock names(mutex_);
    const auto found = served_.find(name);
    if (found == served_.end()) throw not_loaded(name);
    served = found->second;
  }
  require(!served.loaded.empty(), name, ": a head is replaced by writing its file anew");
  const fs::path bundle = folder ? checked(*folder) : served.model->source;
  check_memory(bundle);
  served.loaded = served.seen = stamp_of_bundle(bundle);
  served.model = load_bundle(name, bundle, served.model.get());
  put(name, std::move(served));
}

void Models::unload(const std::string& name) {
  const std::lock_guard lock(changing_);
  {
    const std::shared_lock names(mutex_);
    const auto found = served_.find(name);
    if (found == served_.end()) throw not_loaded(name);
    if (!found->second.of_client) {
      fail(Kind::denied, name,
           ": it is what the server was started for, and is not unloaded; a head goes with its file");
    }
  }
  remove(name);
}

std::size_t Models::size() const {
  const std::shared_lock lock(mutex_);
  return served_.size();
}

std::vector<Models::Pointer> Models::list(std::string_view after, std::size_t most) const {
  const std::shared_lock lock(mutex_);
  std::vector<Pointer> page;
  for (auto i = served_.upper_bound(after); i != served_.end() && page.size() < most; ++i) {
    page.push_back(i->second.model);
  }
  return page;
}

}  // namespace graft
