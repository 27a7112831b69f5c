#include "hosting/multi_model.h"

#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/machine.h"
#include "hosting/forward.h"
#include "hosting/runtime_answer.h"

namespace graft {
namespace {

constexpr std::chrono::seconds kLoadTime{60};
constexpr std::size_t kLongestTarget = 1024;
constexpr int kOk = 200, kLoadedAlready = 409, kNoMemory = 507;

Error invalid(const std::string& sentence) {
  return {Kind::invalid, kValidationError, sentence};
}

Error still_loading(std::string_view target) {
  return {Kind::unavailable, kModelNotReady, text("The model ", target, " is still being loaded; try again.")};
}

void check_target(std::string_view target) {
  const bool leads_out = target.starts_with('/') || target.find("..") != std::string_view::npos;
  if (target.empty()) throw invalid("This endpoint serves many models: name one as TargetModel.");
  if (target.size() > kLongestTarget || leads_out || target.ends_with('/')) {
    throw invalid(text("The target model ", target.substr(0, 100), " is no name of a model."));
  }
}

Response answered(ClientPool& process, std::string_view method, std::string_view path, const std::string& body) {
  static const Headers kJson{{"Content-Type", "application/json"}};
  return forward(process, {.method = method, .target = path, .headers = &kJson, .body = as_bytes(body)}, kLoadTime);
}

}  // namespace

MultiModel::MultiModel(ModelCache& cache, std::string account, std::string prefix, std::uint64_t most_bytes)
    : cache_(cache),
      account_(std::move(account)),
      prefix_(prefix.ends_with('/') ? std::move(prefix) : prefix + "/"),
      most_bytes_(most_bytes ? most_bytes : memory_of_machine() / 2) {}

MultiModel::EntryPointer MultiModel::entry_of(std::string_view target, unsigned start) {
  const std::lock_guard lock(mutex_);
  if (start > last_start_) {
    // What was loaded into a process that ended is nowhere, and nobody needs its files.
    std::erase_if(entries_,
                  [start](const auto& each) { return each.second->start != 0 && each.second->start != start; });
    last_start_ = start;
  }
  if (const auto found = entries_.find(target); found != entries_.end()) {
    if (found->second->start == 0 || found->second->start == start) return found->second;
  }
  return entries_[std::string(target)] = std::make_shared<Entry>();
}

void MultiModel::drop(std::string_view target, const EntryPointer& entry) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(target);
  if (found != entries_.end() && found->second == entry) entries_.erase(found);
}

void MultiModel::forget(std::string_view target) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(target);
  if (found != entries_.end() && found->second->start != 0) entries_.erase(found);
}

std::string MultiModel::load(ClientPool& process, unsigned start, std::string_view target) {
  check_target(target);
  const EntryPointer entry = entry_of(target, start);
  entry->used = ++uses_;
  if (entry->start == start) return "/models/" + entry->name + "/invoke";
  // By the system's clock: the thread sanitizer does not see locks that are waited for by the steady one.
  std::unique_lock lock(entry->loading, std::chrono::system_clock::now() + kLoadTime);
  if (!lock) throw still_loading(target);
  if (entry->start == start) return "/models/" + entry->name + "/invoke";
  try {
    const CachedModelPointer model = cache_.get(cache_.find(account_, prefix_ + std::string(target)));
    while (loaded_bytes(start) + model->bytes > most_bytes_ && unload_one(process, start, entry.get())) {
    }
    Response response =
        answered(process, "POST", "/models", Json{{"model_name", model->key}, {"url", model->folder}}.dump());
    while (response.status == kNoMemory && unload_one(process, start, entry.get())) {
      response = answered(process, "POST", "/models", Json{{"model_name", model->key}, {"url", model->folder}}.dump());
    }
    if (response.status != kOk && response.status != kLoadedAlready) {
      fail(Kind::invalid, "The model ", target, " cannot be loaded: ", response.body.substr(0, 500));
    }
    entry->name = model->key;
    entry->model = model;
    entry->start = start;
  } catch (const Error& error) {
    drop(target, entry);
    if (error.kind() == Kind::not_found) throw invalid(text("Failed to download model data: ", error.what()));
    if (error.code() == kTimedOut) throw still_loading(target);
    if (!error.code().empty()) throw;
    throw Error(error.kind(), error.kind() == Kind::invalid ? kValidationError : kServiceUnavailable, error.what());
  }
  return "/models/" + entry->name + "/invoke";
}

std::uint64_t MultiModel::loaded_bytes(unsigned start) {
  const std::lock_guard lock(mutex_);
  std::uint64_t bytes = 0;
  for (const auto& [target, entry] : entries_) {
    if (entry->start == start) bytes += entry->model->bytes;
  }
  return bytes;
}

bool MultiModel::unload_one(ClientPool& process, unsigned start, const Entry* but) {
  EntryPointer oldest;
  std::string target;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, entry] : entries_) {
      if (entry.get() == but || entry->start != start || (oldest && entry->used > oldest->used)) continue;
      oldest = entry;
      target = name;
    }
    if (!oldest) return false;
    entries_.erase(target);
  }
  const Response response = answered(process, "DELETE", "/models/" + oldest->name, "");
  spdlog::info("the model {} was unloaded for another one ({})", target, response.status);
  return true;
}

}  // namespace graft
