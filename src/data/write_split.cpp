#include "data/write_split.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "base/progress.h"
#include "data/csv.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

// A folder beside `out` that takes its place when all is written, and is gone when something fails.
class Draft {
 public:
  explicit Draft(const fs::path& out) : out_(fs::absolute(out).lexically_normal()) {
    if (!out_.has_filename()) out_ = out_.parent_path();
    require(!fs::exists(out_) || (fs::is_directory(out_) && fs::is_empty(out_)), out.string(),
            ": this is not an empty folder; name one that is not there yet");
    make_folder(out_.parent_path());
    std::string pattern = out_.string() + ".XXXXXX";
    if (!::mkdtemp(pattern.data()))
      fail(Kind::denied, "cannot create a folder in ", out_.parent_path().string(), ": ", system_message());
    path_ = pattern;
    fs::permissions(path_, static_cast<fs::perms>(0755));
  }
  ~Draft() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  const fs::path& path() const { return path_; }
  const fs::path& out() const { return out_; }
  void accept() {
    if (::rename(path_.c_str(), out_.c_str()) != 0)
      fail(Kind::unavailable, "cannot create ", out_.string(), ": ", system_message());
    path_.clear();
  }

 private:
  fs::path out_, path_;
};

void copy(const Sample& sample, const fs::path& to) {
  std::ofstream out(to, std::ios::binary);
  out.write(as_text(sample.content).data(), static_cast<std::streamsize>(sample.content.size()));
  out.close();
  if (!out) fail(Kind::unavailable, "cannot write ", to.string(), ": ", system_message());
}

// False when the file cannot be linked from here, and a copy has to do.
bool link(const fs::path& from, const fs::path& to) {
  if (from.empty()) return false;
  if (::linkat(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), AT_SYMLINK_FOLLOW) == 0) return true;
  if (errno == EXDEV || errno == EPERM || errno == EMLINK || errno == EOPNOTSUPP || errno == EACCES) return false;
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

void write_folders(const ScannedSet& set, const fs::path& split, SplitLayout layout, Progress& progress,
                   std::uint64_t& done) {
  make_folder(split);
  std::vector<fs::path> folders;
  for (const std::string& label : set.dataset->labels()) folders.push_back(folder_of(split, label));
  for (std::size_t i = 0; i < set.files.size(); ++i) {
    const fs::path& folder = folders[static_cast<std::size_t>(set.dataset->label(i))];
    const fs::path to = free_name(folder, fs::path(set.dataset->name(i)).filename(), set.files[i].digest);
    if (layout == SplitLayout::copies || !link(set.dataset->path(i), to)) copy(set.dataset->get(i), to);
    progress.update(++done);
  }
}

// Paths are relative to the list where they can be, so that both can be moved together.
void write_list(const ScannedSet& set, const fs::path& list, const fs::path& home) {
  std::string content = "image,label\n";
  for (std::size_t i = 0; i < set.files.size(); ++i) {
    const fs::path path = set.dataset->path(i);
    require(!path.empty(), set.dataset->name(i), ": not a file of its own; write folders instead of lists");
    content += csv_field(fs::absolute(path).lexically_normal().lexically_proximate(home).string()) + "," +
               csv_field(set.dataset->labels()[static_cast<std::size_t>(set.dataset->label(i))]) + "\n";
  }
  write_file(list, content);
}

}  // namespace

WrittenSplit write_split(const ScannedSet& whole, const SplitFractions& fractions, const fs::path& out,
                         SplitLayout layout) {
  const ScannedSplits splits = split(whole, fractions);
  const WrittenSplit written{
      splits.train.files.size(), splits.validation.files.size(), splits.test.files.size(),
      whole.files.size() - splits.train.files.size() - splits.validation.files.size() - splits.test.files.size()};
  Draft draft(out);
  Progress progress("split", whole.files.size() - written.left_out, "images");
  std::uint64_t done = 0;
  const auto write = [&](const ScannedSet& set, const std::string& name) {
    if (!set.dataset) return;
    if (layout == SplitLayout::lists) return write_list(set, draft.path() / (name + ".csv"), draft.out());
    write_folders(set, draft.path() / name, layout, progress, done);
  };
  write(splits.train, "train");
  write(splits.validation, "validation");
  write(splits.test, "test");
  draft.accept();
  return written;
}

}  // namespace graft
