#include "data/write_split.h"

#include "base/draft.h"
#include "base/progress.h"

namespace graft {

namespace fs = std::filesystem;

WrittenSplit write_split(const ScannedSet& whole, const SplitFractions& fractions, const fs::path& out,
                         SetLayout layout) {
  const ScannedSplits splits = split(whole, fractions);
  const WrittenSplit written{
      splits.train.files.size(), splits.validation.files.size(), splits.test.files.size(),
      whole.files.size() - splits.train.files.size() - splits.validation.files.size() - splits.test.files.size()};
  Draft draft(out);
  Progress progress("split", whole.files.size() - written.left_out, "images");
  std::uint64_t done = 0;
  const auto write = [&](const ScannedSet& set, const std::string& name) {
    if (!set.dataset) return;
    if (layout == SetLayout::lists) return write_list(set, draft.path() / (name + ".csv"), draft.out());
    write_folders(set, draft.path() / name, layout == SetLayout::copies, [&] { progress.update(++done); });
  };
  write(splits.train, "train");
  write(splits.validation, "validation");
  write(splits.test, "test");
  draft.accept();
  return written;
}

}  // namespace graft
