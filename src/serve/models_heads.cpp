// The heads among the models: what a folder of files says is what is served.
#include <algorithm>

#include "base/log.h"
#include "base/thread_pool.h"
#include "serve/head_folder.h"
#include "serve/models.h"

namespace graft {

void Models::look_at_heads() {
  if (!heads_trunk_) return;
  const FoundHeads found = find_heads(heads_folder_);
  for (const std::string& name : found.odd_names) {
    if (odd_names_.insert(name).second) spdlog::warn("{}: not a model's name, so this head is not served", name);
  }
  for (auto i = head_files_.begin(); i != head_files_.end();) {
    const bool gone = !found.heads.contains(i->first);
    if (gone) remove(i->first);
    i = gone ? head_files_.erase(i) : std::next(i);
  }
  std::vector<std::pair<std::string, FoundHead>> changed;
  for (const auto& [name, head] : found.heads) {
    const auto known = head_files_.find(name);
    if (known == head_files_.end() || known->second != head.stamp) changed.emplace_back(name, head);
  }
  parallel_for(changed.size(), available_cores(), [&](std::size_t i) {
    const auto& [name, head] = changed[i];
    try {
      put(name, {.model = std::make_shared<Model>(model_of_head(name, head.file, heads_trunk_))});
    } catch (const std::exception& error) {
      spdlog::error("{}{}", error.what(), head_files_.contains(name) ? "; what was there before still answers" : "");
    }
  });
  for (const auto& [name, head] : changed) head_files_[name] = head.stamp;
}

}  // namespace graft
