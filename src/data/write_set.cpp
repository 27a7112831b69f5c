#include "data/write_set.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "data/csv.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

void copy(const Sample& sample, const fs::path& to) {
  std::ofstream out(to, std::ios::binary);
  out.write(as_text(sample.content).data(), static_cast<std::streamsize>(sample.content.size()));
  out.close();
  if (!out) fail(Kind::unavailable, "cannot write ", to.string(), ": ", system_message());
}

// False when the file cannot be linked from here, or lies in a tar (ENOTDIR), and a copy has to do.
bool link(const fs::path& from, const fs::path& to) {
  if (from.empty()) return false;
  if (::linkat(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), AT_SYMLINK_FOLLOW) == 0) return true;
  if (errno == EXDEV || errno == EPERM || errno == EMLINK || errno == EOPNOTSUPP || errno == EACCES || errno == ENOTDIR)
    return false;
  fail(Kind::unavailable, "cannot link ", from.string(), " to ", to.string(), ": ", system_message());
}

// A name in `folder` that is not taken.
fs::path free_name(const fs::path& folder, const fs::path& name, const Digest& digest) {
  fs::path path = folder / name;
  const std::string digits = hex(digest).substr(0, 8);
  for (int copy = 1; fs::exists(fs::symlink_status(path)); ++copy) {
    const std::string suffix = copy == 1 ? digits : digits + "-" + std::to_string(copy);
    path = folder / (name.stem().string() + "-" + suffix + name.extension().string());
  }
  return path;
}

fs::path folder_of(const fs::path& split, const std::string& label) {
  require(label[0] != '.' && label.find('/') == std::string::npos, "the label \"", label,
          "\" cannot be the name of a folder; write lists instead");
  make_folder(split / label);
  return split / label;
}

}  // namespace

void write_folders(const ScannedSet& set, const fs::path& to, bool copies, const std::function<void()>& written) {
  make_folder(to);
  std::vector<fs::path> folders(set.dataset->labels().size());  // empty until an image needs it
  for (std::size_t i = 0; i < set.files.size(); ++i) {
    const auto label = static_cast<std::size_t>(set.dataset->label(i));
    if (folders[label].empty()) folders[label] = folder_of(to, set.dataset->labels()[label]);
    const fs::path file = free_name(folders[label], fs::path(set.dataset->name(i)).filename(), set.files[i].digest);
    if (copies || !link(set.dataset->path(i), file)) copy(set.dataset->get(i), file);
    written();
  }
}

void write_list(const ScannedSet& set, const fs::path& list, const fs::path& home) {
  std::string content = "image,label\n";
  for (std::size_t i = 0; i < set.files.size(); ++i) {
    const fs::path path = set.dataset->path(i);
    require(!path.empty(), set.dataset->name(i), ": this is no file that a list can name; write folders instead");
    content += csv_field(fs::absolute(path).lexically_normal().lexically_proximate(home).string()) + "," +
               csv_field(set.dataset->labels()[static_cast<std::size_t>(set.dataset->label(i))]) + "\n";
  }
  write_file(list, content);
}

}  // namespace graft
