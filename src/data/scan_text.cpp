#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "data/listing.h"
#include "data/scan_findings.h"

namespace graft {
namespace {

constexpr std::size_t kLabelsInText = 8;
constexpr const char* kSeverities[] = {"note", "warning", "error"};

const char* name_of(Finding::Severity severity) {
  return kSeverities[static_cast<int>(severity)];
}

struct Sides {
  int least = 0, most = 0;  // the shortest and the longest side of any usable image, in pixels
};

Sides sides_of(const ScannedSet& set) {
  Sides sides;
  for (const FileFacts& file : set.files) {
    if (!file.usable()) continue;
    const auto [low, high] = std::minmax(file.width, file.height);
    sides.least = sides.least == 0 ? low : std::min(sides.least, low);
    sides.most = std::max(sides.most, high);
  }
  return sides;
}

std::size_t commonest(const std::vector<std::size_t>& counts) {
  return static_cast<std::size_t>(std::max_element(counts.begin(), counts.end()) - counts.begin());
}

std::size_t usable_images(const std::vector<std::size_t>& counts) {
  std::size_t sum = 0;
  for (std::size_t count : counts) sum += count;
  return sum;
}

OrderedJson split_json(const ScannedSet& set) {
  const std::vector<std::size_t> counts = label_counts(set);
  const Sides sides = sides_of(set);
  OrderedJson labels = OrderedJson::object();
  for (std::size_t i = 0; i < counts.size(); ++i) labels[set.dataset->labels()[i]] = counts[i];
  return {{"images", set.files.size()},
          {"usable", usable_images(counts)},
          {"labels", labels},
          {"shortest_side", sides.least},
          {"longest_side", sides.most},
          {"imbalance", imbalance(counts)},
          {"majority_label", set.dataset->labels()[commonest(counts)]},
          {"majority_accuracy", majority_accuracy(counts)}};
}

std::string label_line(const ScannedSet& set, const std::vector<std::size_t>& counts) {
  if (counts.size() > kLabelsInText) {
    const auto [least, most] = std::minmax_element(counts.begin(), counts.end());
    return fmt::format("{} labels with {} to {} images each", counts.size(), *least, *most);
  }
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < counts.size(); ++i)
    parts.push_back(fmt::format("{} {}", set.dataset->labels()[i], counts[i]));
  return join(parts, ", ");
}

std::string split_text(std::string_view name, const ScannedSet& set) {
  const std::vector<std::size_t> counts = label_counts(set);
  const Sides sides = sides_of(set);
  const std::string size = sides.least == sides.most ? fmt::format("{} pixels", sides.least)
                                                     : fmt::format("{} to {} pixels", sides.least, sides.most);
  return fmt::format("{:<12}{} images of {} a side; {}\n{:<12}always answering \"{}\" is right for {:.1f} %\n", name,
                     set.files.size(), size, label_line(set, counts), "", set.dataset->labels()[commonest(counts)],
                     100 * majority_accuracy(counts));
}

}  // namespace

OrderedJson to_json(const Scan& scan) {
  OrderedJson splits = OrderedJson::object(), findings = OrderedJson::array();
  std::size_t images = 0;
  for (const auto& [name, set] : present(scan.splits)) {
    splits[std::string(name)] = split_json(*set);
    images += set->files.size();
  }
  for (const Finding& each : scan.findings) {
    findings.push_back({{"what", each.what},
                        {"severity", name_of(each.severity)},
                        {"sentence", each.sentence},
                        {"count", each.count},
                        {"examples", each.examples}});
  }
  return {{"images", images}, {"seconds", scan.seconds}, {"splits", splits}, {"findings", findings}};
}

std::string to_text(const Scan& scan, std::size_t examples) {
  std::string out;
  for (const auto& [name, set] : present(scan.splits)) out += split_text(name, *set);
  for (const Finding& each : scan.findings) {
    out += fmt::format("{}: {}\n", name_of(each.severity), each.sentence);
    const std::size_t shown = std::min(examples, each.examples.size());
    for (std::size_t i = 0; i < shown; ++i) out += "  " + each.examples[i] + "\n";
    if (shown > 0 && each.count > shown) out += fmt::format("  and {} more\n", each.count - shown);
  }
  return out;
}

}  // namespace graft
