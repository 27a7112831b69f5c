#include "data/split.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <unordered_map>

#include "base/error.h"

namespace graft {
namespace {

// Keeps u independent of everything else that is keyed by a digest. Another constant is another division of every
// dataset.
constexpr std::string_view kSalt = "graft split 1";

double draw(const Digest& digest) {
  Sha256 hash;
  hash.update(std::as_bytes(std::span(digest)));
  hash.update(as_bytes(kSalt));
  return static_cast<double>(prefix(hash.finish()) >> 11) * 0x1.0p-53;
}

// One content, wherever it occurs.
struct Content {
  const Digest* digest;
  double u;
  int label;             // of its first file
  bool claimed = false;  // by several labels
  Split split;
};

struct Contents {
  std::vector<Content> all;
  std::vector<std::size_t> of_file;  // which content each file has
};

Split part_of(double u, const SplitFractions& fractions) {
  if (u < fractions.test) return Split::test;
  return u >= 1 - fractions.validation ? Split::validation : Split::train;
}

// By sorting, as a million digests want no hash table.
Contents collect(std::span<const Digest> digests, std::span<const int> labels, const SplitFractions& fractions) {
  std::vector<std::uint32_t> order(digests.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return digests[a] < digests[b]; });
  Contents contents{{}, std::vector<std::size_t>(digests.size())};
  for (std::uint32_t file : order) {
    if (contents.all.empty() || *contents.all.back().digest != digests[file]) {
      const double u = draw(digests[file]);
      contents.all.push_back({&digests[file], u, labels[file], false, part_of(u, fractions)});
    }
    contents.all.back().claimed |= contents.all.back().label != labels[file];
    contents.of_file[file] = contents.all.size() - 1;
  }
  return contents;
}

// The exceptions of split.h, for the contents of one label in the order of u.
void repair(std::span<Content*> label, const SplitFractions& fractions) {
  const auto count = [&](Split split) {
    return std::count_if(label.begin(), label.end(), [&](const Content* each) { return each->split == split; });
  };
  const auto move_largest = [&](Split from, Split to) {
    const auto found =
        std::find_if(label.rbegin(), label.rend(), [&](const Content* each) { return each->split == from; });
    if (found == label.rend()) return false;
    (*found)->split = to;
    return true;
  };
  if (fractions.validation > 0 && label.size() > 1 && count(Split::validation) == 0) {
    if (!move_largest(Split::train, Split::validation)) move_largest(Split::test, Split::validation);
  }
  if (count(Split::train) > 0) return;
  const bool can_spare = count(Split::validation) > 1 || label.size() == 1;
  const auto lowest =
      std::find_if(label.begin(), label.end(), [](const Content* each) { return each->split == Split::validation; });
  if (can_spare && lowest != label.end()) {
    (*lowest)->split = Split::train;
  } else {
    move_largest(Split::test, Split::train);
  }
}

void repair_labels(Contents& contents, const SplitFractions& fractions) {
  std::vector<Content*> movable;
  for (Content& each : contents.all) {
    if (!each.claimed) movable.push_back(&each);
  }
  std::sort(movable.begin(), movable.end(), [](const Content* a, const Content* b) {
    return std::tie(a->label, a->u, *a->digest) < std::tie(b->label, b->u, *b->digest);
  });
  for (std::size_t begin = 0, end = 0; begin < movable.size(); begin = end) {
    while (end < movable.size() && movable[end]->label == movable[begin]->label) ++end;
    repair(std::span(movable).subspan(begin, end - begin), fractions);
  }
}

}  // namespace

std::vector<Split> assign_splits(std::span<const Digest> digests, std::span<const int> labels,
                                 const SplitFractions& fractions) {
  const auto is_share = [](double share) { return share >= 0 && share < 1; };
  require(is_share(fractions.validation) && is_share(fractions.test) && fractions.validation + fractions.test < 1,
          "the shares for validation and test are ", fractions.validation, " and ", fractions.test,
          "; give numbers from 0 that leave something to train on");
  Contents contents = collect(digests, labels, fractions);
  repair_labels(contents, fractions);
  std::vector<Split> splits;
  splits.reserve(digests.size());
  for (std::size_t content : contents.of_file) splits.push_back(contents.all[content].split);
  return splits;
}

ScannedSplits split(const ScannedSet& whole, const SplitFractions& fractions) {
  const ScannedSet set = usable(whole);
  std::vector<Digest> digests;
  std::vector<int> labels;
  for (std::size_t i = 0; i < set.files.size(); ++i) {
    digests.push_back(set.files[i].digest);
    labels.push_back(set.dataset->label(i));
  }
  const std::vector<Split> parts = assign_splits(digests, labels, fractions);
  std::array<std::vector<std::size_t>, 3> indices;
  for (std::size_t i = 0; i < parts.size(); ++i) indices[static_cast<std::size_t>(parts[i])].push_back(i);
  const auto chosen = [&](Split part, bool wanted) {
    return wanted ? select(set, std::move(indices[static_cast<std::size_t>(part)])) : ScannedSet{};
  };
  return {chosen(Split::train, true), chosen(Split::validation, fractions.validation > 0),
          chosen(Split::test, fractions.test > 0)};
}

}  // namespace graft
