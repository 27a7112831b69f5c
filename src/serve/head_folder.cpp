#include "serve/head_folder.h"

#include "bundle/head.h"
#include "serve/models.h"

namespace graft {

namespace fs = std::filesystem;

FoundHeads find_heads(const fs::path& folder) {
  constexpr std::string_view kSuffix = ".safetensors";
  FoundHeads found;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    std::string name = entry.path().filename().string();
    const bool is_file = name.ends_with(kSuffix);
    const fs::path file = is_file ? entry.path() : entry.path() / kHeadFile;
    if (name.starts_with('.')) continue;  // what is being written
    const Stamp stamp = stamp_of(file);
    if (stamp == Stamp{}) continue;
    if (is_file) name.resize(name.size() - kSuffix.size());
    if (!is_model_name(name)) {
      found.odd_names.push_back(name);
    } else if (is_file) {
      found.heads[name] = {file, stamp};
    } else {
      found.heads.try_emplace(name, FoundHead{file, stamp});
    }
  }
  return found;
}

}  // namespace graft
