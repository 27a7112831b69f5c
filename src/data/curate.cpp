#include "data/curate.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <unordered_set>

#include "base/draft.h"
#include "base/error.h"
#include "base/json.h"
#include "base/progress.h"

namespace graft {
namespace {

namespace fs = std::filesystem;

Curated divide(const ScannedSet& whole, std::size_t min_images) {
  const std::vector<std::size_t> counts = label_counts(whole);
  Curated curated;
  curated.left_out = whole.files.size();
  for (std::size_t label = 0; label < counts.size(); ++label) {
    curated.left_out -= counts[label];
    if (counts[label] == 0) continue;
    (counts[label] >= min_images ? curated.general : curated.domain)
        .push_back({whole.dataset->labels()[label], counts[label]});
  }
  return curated;
}

void refuse_empty(const Curated& curated, std::size_t min_images, const std::string& source) {
  const auto fewer = [](const CuratedLabel& a, const CuratedLabel& b) { return a.images < b.images; };
  require(!curated.general.empty() || !curated.domain.empty(), source, ": no image can be read");
  if (curated.general.empty()) {
    const auto most = std::max_element(curated.domain.begin(), curated.domain.end(), fewer);
    fail(Kind::invalid, source, ": no label has ", min_images, " usable images; \"", most->name, "\" has the most, ",
         most->images, "; lower --min-images");
  }
  if (curated.domain.empty()) {
    const auto least = std::min_element(curated.general.begin(), curated.general.end(), fewer);
    fail(Kind::invalid, source, ": every label has ", min_images, " usable images or more; \"", least->name,
         "\" has the fewest, ", least->images, "; raise --min-images");
  }
}

// One would take the place of the other, or lie in it when it takes its own.
void refuse_nested(const fs::path& general, const fs::path& domain) {
  const auto contains = [](const fs::path& outer, const fs::path& inner) {
    return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
  };
  require(!contains(general, domain) && !contains(domain, general), "the general set is to be written to ",
          general.string(), " and the domain set to ", domain.string(), "; name two folders, neither in the other");
}

// A folder without a slash at its end and without links on the way to it.
fs::path plain(const fs::path& path) {
  const fs::path whole = fs::weakly_canonical(fs::absolute(path)).lexically_normal();
  return whole.has_filename() ? whole : whole.parent_path();
}

// The usable images of these labels.
ScannedSet images_with(const ScannedSet& whole, const std::vector<CuratedLabel>& labels) {
  std::unordered_set<std::string_view> wanted;
  for (const CuratedLabel& each : labels) wanted.insert(each.name);
  std::vector<bool> is_wanted;
  for (const std::string& name : whole.dataset->labels()) is_wanted.push_back(wanted.contains(name));
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < whole.files.size(); ++i) {
    const auto label = static_cast<std::size_t>(whole.dataset->label(i));
    if (whole.files[i].usable() && is_wanted[label]) indices.push_back(i);
  }
  return select(whole, std::move(indices));
}

OrderedJson set_json(const std::vector<CuratedLabel>& labels, const fs::path& path) {
  OrderedJson counts = OrderedJson::object();
  for (const CuratedLabel& each : labels) counts[each.name] = each.images;
  return {{"path", path.string()}, {"images", images_of(labels)}, {"labels", counts}};
}

std::string counted(std::size_t count, const char* what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

std::string set_text(const char* name, const std::vector<CuratedLabel>& labels, const fs::path& path) {
  return fmt::format("{:<9}{} with {} in {}\n", name, counted(labels.size(), "label"),
                     counted(images_of(labels), "image"), path.string());
}

}  // namespace

Curated curate(const ScannedSet& whole, const Curation& curation, const std::string& source) {
  const Curated curated = divide(whole, curation.min_images);
  refuse_empty(curated, curation.min_images, source);
  refuse_nested(plain(curation.general), plain(curation.domain));
  Draft general(curation.general), domain(curation.domain);
  Progress progress("curate", whole.files.size() - curated.left_out, "images");
  std::uint64_t done = 0;
  const auto write = [&](const std::vector<CuratedLabel>& labels, const Draft& draft) {
    const ScannedSet set = images_with(whole, labels);
    if (curation.layout == SetLayout::lists) return write_list(set, draft.path() / "images.csv", draft.out());
    write_folders(set, draft.path(), curation.layout == SetLayout::copies, [&] { progress.update(++done); });
  };
  write(curated.general, general);
  write(curated.domain, domain);
  general.accept();
  domain.accept();
  return curated;
}

std::size_t images_of(const std::vector<CuratedLabel>& labels) {
  std::size_t images = 0;
  for (const CuratedLabel& each : labels) images += each.images;
  return images;
}

OrderedJson to_json(const Curated& curated, const Curation& curation) {
  return {{"min_images", curation.min_images},
          {"general", set_json(curated.general, curation.general)},
          {"domain", set_json(curated.domain, curation.domain)},
          {"left_out", curated.left_out}};
}

std::string to_text(const Curated& curated, const Curation& curation) {
  std::string out = set_text("general", curated.general, curation.general);
  out += set_text("domain", curated.domain, curation.domain);
  for (const CuratedLabel& each : curated.domain) out += fmt::format("{:>9}  {}\n", each.images, each.name);
  return out;
}

}  // namespace graft
