// Images with the same content, by their digests: the files of all splits are sorted by digest, and equal ones lie side
// by side then. Sixteen bytes a file, and no hash table.
#include <algorithm>
#include <set>
#include <span>

#include "base/error.h"
#include "data/scan_findings.h"

namespace graft {
namespace {

struct Place {
  std::uint64_t digest_prefix;
  std::uint32_t file;
  std::uint32_t split;  // in present()'s order
};

using Sets = std::vector<std::pair<std::string_view, const ScannedSet*>>;

const Digest& digest_of(const Sets& sets, const Place& place) {
  return sets[place.split].second->files[place.file].digest;
}

int label_of(const Sets& sets, const Place& place) {
  return sets[place.split].second->dataset->label(place.file);
}

std::vector<Place> sorted_places(const Sets& sets) {
  std::vector<Place> places;
  for (std::uint32_t split = 0; split < sets.size(); ++split) {
    const std::vector<FileFacts>& files = sets[split].second->files;
    for (std::uint32_t i = 0; i < files.size(); ++i) {
      if (files[i].usable()) places.push_back({prefix(files[i].digest), i, split});
    }
  }
  std::sort(places.begin(), places.end(), [&](const Place& a, const Place& b) {
    if (a.digest_prefix != b.digest_prefix) return a.digest_prefix < b.digest_prefix;
    if (const Digest& x = digest_of(sets, a), &y = digest_of(sets, b); x != y) return x < y;
    return std::pair(a.split, a.file) < std::pair(b.split, b.file);
  });
  return places;
}

// Calls body(places) for each content that more than one file has, in the order of the first of these files.
template <typename Body>
void for_each_group(const Sets& sets, const Body& body) {
  const std::vector<Place> places = sorted_places(sets);
  std::vector<std::span<const Place>> groups;
  for (std::size_t begin = 0, end = 0; begin < places.size(); begin = end) {
    while (end < places.size() && digest_of(sets, places[end]) == digest_of(sets, places[begin])) ++end;
    if (end - begin > 1) groups.emplace_back(&places[begin], end - begin);
  }
  std::sort(groups.begin(), groups.end(),
            [](auto a, auto b) { return std::pair(a[0].split, a[0].file) < std::pair(b[0].split, b[0].file); });
  for (std::span<const Place> group : groups) body(group);
}

// "train/ants/1.jpg = validation/ants/7.jpg".
std::string names_of(const ScannedSplits& splits, std::span<const Place> group) {
  static constexpr std::size_t kShown = 8;
  std::vector<std::string> names;
  for (const Place& place : group.first(std::min(group.size(), kShown)))
    names.push_back(full_name(splits, place.split, place.file));
  return join(names, " = ") + (group.size() > kShown ? text(" = ", group.size() - kShown, " more") : "");
}

}  // namespace

void find_duplicates(const ScannedSplits& splits, std::vector<Finding>& findings) {
  Finding leak{Finding::Severity::error, "leak", {}, 0, {}};
  Finding conflict{Finding::Severity::warning, "conflicting_labels", {}, 0, {}};
  Finding copies{Finding::Severity::note, "duplicate", {}, 0, {}};
  const Sets sets = present(splits);
  for_each_group(sets, [&](std::span<const Place> group) {
    std::set<std::uint32_t> homes;
    std::set<int> labels;
    for (const Place& place : group) {
      homes.insert(place.split);
      labels.insert(label_of(sets, place));
    }
    const std::string names = names_of(splits, group);
    if (homes.size() > 1) add_example(leak, names);
    if (labels.size() > 1) add_example(conflict, names);
    if (group.size() > homes.size()) add_example(copies, names);
  });
  leak.sentence = counted(leak.count, "image") + " in two splits; what is measured on the copies is false";
  conflict.sentence = counted(conflict.count, "image") + " under different labels; at least one of them is wrong";
  copies.sentence = counted(copies.count, "image") + " more than once in a split";
  for (Finding* finding : {&leak, &conflict, &copies}) {
    if (finding->count > 0) findings.push_back(std::move(*finding));
  }
}

}  // namespace graft
