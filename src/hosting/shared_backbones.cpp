#include "hosting/shared_backbones.h"

#include <algorithm>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "graph/safetensors.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

constexpr char kHeadName[] = "head.safetensors";
constexpr char kBundleName[] = "graft.json";
constexpr std::uint64_t kMostOfAHead = std::uint64_t{256} << 20;
constexpr std::size_t kMostOfAName = 80;

// Where the bundle is, as `graft serve` looks for it: the folder, its folder "model", or its only one.
fs::path bundle_below(const fs::path& folder) {
  std::vector<fs::path> candidates{folder, folder / "model"};
  std::vector<fs::path> below;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (fs::exists(entry.path() / kBundleName)) below.push_back(entry.path());
  }
  if (below.size() == 1) candidates.push_back(below.front());
  const auto found =
      std::ranges::find_if(candidates, [](const fs::path& each) { return fs::exists(each / kBundleName); });
  return found == candidates.end() ? fs::path() : *found;
}

std::string digest_in(const fs::path& file) {
  require(fs::file_size(file) <= kMostOfAHead, kHeadName, " is larger than a head may be");
  // From memory, not mapped: nobody minds then what becomes of the file.
  const Bytes bytes = read_file(file, kMostOfAHead);
  const auto metadata = parse_safetensors(bytes, nullptr, kHeadName).metadata;
  const auto found = metadata.find("backbone");
  require(found != metadata.end(), kHeadName, " names no backbone");
  return found->second;
}

// A name that `graft serve` takes, the same for the same model.
std::string served_name(const std::string& name, const std::string& key) {
  constexpr std::size_t kOfKey = 8;
  std::string served = name.substr(0, kMostOfAName);
  std::ranges::replace_if(
      served, [](char c) { return c != '.' && c != '_' && c != '-' && !std::isalnum(static_cast<unsigned char>(c)); },
      '-');
  return "m" == served || served.empty() ? "model." + key.substr(0, kOfKey) : served + "." + key.substr(0, kOfKey);
}

}  // namespace

// Who hears what a shared process writes: each of its instances.
struct SharedBackbones::Logs {
  std::mutex mutex{};
  std::map<std::string, std::function<void(const std::vector<std::string>&)>> of_instances{};
};

std::optional<SharedHead> find_head(const CachedModel& model) {
  SharedHead head{.bundle = bundle_below(model.folder)};
  head.file = (head.bundle.empty() ? model.folder : head.bundle) / kHeadName;
  if (!fs::is_regular_file(head.file)) return std::nullopt;
  head.backbone = digest_in(head.file);
  if (!head.bundle.empty()) {
    const Json description = parse_json(read_text(head.bundle / kBundleName), kBundleName);
    head.precision = field_or<std::string>(description, "precision", "fp32", kBundleName);
  }
  return head;
}

SharedBackbones::SharedBackbones(fs::path folder, std::shared_ptr<Bell> bell)
    : folder_(std::move(folder)), bell_(std::move(bell)) {
  std::error_code error;
  fs::remove_all(folder_, error);
}

void SharedBackbones::join(Instance& instance, const Wish& wish) {
  const SharedHead& head = wish.head;
  const std::lock_guard lock(mutex_);
  const std::string all = text(wish.account, "\n", wish.settings, "\n", head.backbone, "\n");
  std::string key = all + head.precision;
  if (head.bundle.empty()) {
    const auto first = groups_.lower_bound(all);
    const bool known = first != groups_.end() && first->first.starts_with(all) && !first->second.users.empty();
    require(known, "the model ", wish.name, " is a head alone, and no endpoint serves its backbone (",
            head.backbone.substr(0, 12), "): put the whole bundle into model.tar.gz");
    key = first->first;
  }
  Group& group = groups_[key];
  if (group.users.empty()) {
    group.heads = folder_ / hex(sha256(as_bytes(key)));
    group.bundle = head.bundle;
    group.model = instance.model;
    make_folder(group.heads);
  }
  const std::string name = served_name(wish.name, instance.model->key);
  if (!group.users.contains(name)) {
    // Written aside first: the process reads what it finds.
    const fs::path aside = group.heads / ("." + name);
    fs::copy_file(head.file, aside, fs::copy_options::overwrite_existing);
    fs::rename(aside, group.heads / (name + ".safetensors"));
  }
  Group::Process& place = group.processes[wish.number];
  if (!place.process || place.process->phase() == ServingProcess::Phase::failed) {
    place = {.logs = std::make_shared<Logs>()};
    ServingProgram serving{.program = wish.program(group.bundle, group.heads),
                           .name = text("backbone ", head.backbone.substr(0, 12), "/", wish.number)};
    serving.log = [logs = place.logs](const std::vector<std::string>& lines) {
      const std::lock_guard guard(logs->mutex);
      for (const auto& [id, log] : logs->of_instances) log(lines);
    };
    place.process = std::make_shared<ServingProcess>(std::move(serving), bell_);
  }
  // Behind all that can go wrong: who did not join does not leave.
  ++group.users[name];
  ++place.users;
  if (wish.log) {
    const std::lock_guard guard(place.logs->mutex);
    place.logs->of_instances[instance.id] = wish.log;
  }
  instance.process = place.process;
  instance.target = "/models/" + name + "/invoke";
  instance.probe = "/models/" + name;
  instance.leave = [this, key, number = wish.number, process = place.process.get(), name, id = instance.id] {
    leave(key, number, process, name, id);
  };
}

void SharedBackbones::leave(const std::string& key, std::size_t number, const ServingProcess* process,
                            const std::string& head, const std::string& instance) {
  const std::lock_guard lock(mutex_);
  const auto found = groups_.find(key);
  if (found == groups_.end()) return;
  Group& group = found->second;
  std::error_code error;
  const auto user = group.users.find(head);
  if (user != group.users.end() && --user->second == 0) {
    fs::remove(group.heads / (head + ".safetensors"), error);
    group.users.erase(user);
  }
  const auto place = group.processes.find(number);
  // Of another process there where this one failed.
  if (place != group.processes.end() && place->second.process.get() == process) {
    {
      const std::lock_guard guard(place->second.logs->mutex);
      place->second.logs->of_instances.erase(instance);
    }
    if (--place->second.users == 0) {
      place->second.process->request_stop();
      group.processes.erase(place);
    }
  }
  if (!group.users.empty()) return;
  fs::remove_all(group.heads, error);
  groups_.erase(found);
}

}  // namespace graft
