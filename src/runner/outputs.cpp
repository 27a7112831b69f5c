#include "runner/outputs.h"

#include <algorithm>
#include <csignal>

#include "archive/pack_tar.h"
#include "base/error.h"
#include "base/file.h"
#include "base/words.h"
#include "runner/below.h"
#include "runner/log_text.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFailure = 1024;

bool has_files(const fs::path& root, const char* name) {
  if (!is_folder_below(root, name)) return false;
  for (const auto& entry : fs::recursive_directory_iterator(root / name)) {
    if (!entry.is_symlink() && entry.is_regular_file()) return true;
  }
  return false;
}

bool any_files(const Outputs& outputs, const char* name) {
  return std::any_of(outputs.folders.begin(), outputs.folders.end(),
                     [&](const fs::path& folder) { return has_files(folder, name); });
}

// Links, not copies: both lie in the job's folder.
void add_files(const fs::path& from, const fs::path& to) {
  for (const auto& entry : fs::recursive_directory_iterator(from)) {
    if (entry.is_symlink() || !entry.is_regular_file()) continue;
    const fs::path target = to / entry.path().lexically_relative(from);
    if (fs::exists(target)) continue;
    make_folder(target.parent_path());
    fs::create_hard_link(entry.path(), target);
  }
}

// The files of this name's folder of all instances, without links.
fs::path merged(const Outputs& outputs, const char* name) {
  fs::path all = outputs.scratch / "merged" / name;
  fs::remove_all(all);
  make_folder(all);
  for (const fs::path& folder : outputs.folders) {
    if (is_folder_below(folder, name)) add_files(folder / name, all);
  }
  return all;
}

S3Path output_path(const JobSpec& spec, const std::string& file) {
  std::string uri = spec.output_uri;
  while (uri.ends_with('/')) uri.pop_back();
  return parse_s3(uri + "/" + spec.name + "/output/" + file);
}

// The path that it was put to.
S3Path put(const S3Settings& s3, const JobSpec& spec, const fs::path& folder, const fs::path& scratch,
           const std::string& name) {
  if (!spec.compress_output) {
    const S3Path path = output_path(spec, name);
    upload_folder(s3, folder, {path.bucket, path.key + "/"});
    return path;
  }
  const S3Path path = output_path(spec, name + ".tar.gz");
  const fs::path packed = scratch / (name + ".tar.gz");
  pack_tar_gz(folder, packed);
  upload(s3, packed, path);
  fs::remove(packed);
  return path;
}

}  // namespace

bool has_model(const Outputs& outputs) {
  return any_files(outputs, "model");
}

std::string upload_model(const S3Settings& s3, const JobSpec& spec, const Outputs& outputs) {
  return name(put(s3, spec, merged(outputs, "model"), outputs.scratch, "model"));
}

void upload_output_data(const S3Settings& s3, const JobSpec& spec, const Outputs& outputs) {
  if (any_files(outputs, "output/data")) put(s3, spec, merged(outputs, "output/data"), outputs.scratch, "output");
}

std::string failure_of(const fs::path& folder, int status) {
  std::string said = read_below(folder, "output/failure", kMaxFailure);
  constexpr int kSignals = 128;
  if (said.empty() && status > kSignals) {
    said = text("the program was ended by signal ", status - kSignals,
                status == kSignals + SIGKILL ? ", maybe for want of memory" : "");
  }
  const std::string begin = "AlgorithmError: ", end = text(", exit code: ", status);
  said = std::string(cut(valid_utf8(std::move(said)), kMaxFailure - begin.size() - end.size()));
  return begin + said + end;
}

}  // namespace graft
