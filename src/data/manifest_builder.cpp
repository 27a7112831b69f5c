#include "data/manifest_builder.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>

#include "base/error.h"

namespace graft {
namespace {

constexpr std::size_t kMaxImages = 100'000'000;
constexpr std::size_t kMaxLabels = 100'000;
constexpr std::size_t kMaxPathBytes = 4096;

constexpr std::array<std::string_view, 6> kImageFields{"image", "path", "file", "filename", "file_name", "image_path"};
constexpr std::array<std::string_view, 4> kLabelFields{"label", "class", "category", "target"};

void check_path(std::string_view path, const std::string& place) {
  require(!path.empty(), place, ": the image's path is empty");
  require(path.size() <= kMaxPathBytes && path.find('\0') == std::string_view::npos, place,
          ": the image's path is not a path");
  const std::size_t scheme = path.find("://");
  require(scheme == std::string_view::npos || path.substr(0, scheme).find('/') != std::string_view::npos, place, ": ",
          printable(path), " is not a local file; download the images first and list their paths relative to the list");
}

}  // namespace

std::span<const std::string_view> image_fields() {
  return kImageFields;
}
std::span<const std::string_view> label_fields() {
  return kLabelFields;
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  const std::size_t dot = text.find('.');
  const std::string_view whole = text.substr(0, dot);
  if (dot != std::string_view::npos && text.find_first_not_of('0', dot + 1) != std::string_view::npos) return {};
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(whole.data(), whole.data() + whole.size(), value);
  if (error != std::errc() || end != whole.data() + whole.size()) return {};
  return value;
}

std::string ManifestBuilder::place(std::uint64_t line) const {
  return source_ + ", line " + std::to_string(line);  // made for each line, so without a stream
}

void ManifestBuilder::add(std::string_view path, std::string_view label, std::optional<std::int64_t> number,
                          std::uint64_t line) {
  check_path(path, place(line));
  require(listing_.files.size() < kMaxImages, source_, ": more than ", kMaxImages, " images");
  listing_.files.add(path, number_of(label, number, line));
}

int ManifestBuilder::number_of(std::string_view label, std::optional<std::int64_t> number, std::uint64_t line) {
  const auto next = static_cast<int>(labels_.size());
  const auto [found, is_new] = index_.try_emplace(std::string(label), next);
  if (is_new) {
    check_label(label, place(line));
    require(labels_.size() < kMaxLabels, source_, ": more than ", kMaxLabels, " labels");
    labels_.push_back({found->first, number});
  }
  const Label& known = labels_[static_cast<std::size_t>(found->second)];
  const bool same =
      known.number == number && (!number || holder_.try_emplace(*number, found->second).first->second == found->second);
  require(same, place(line), ": the label \"", label, "\" and its number do not go together as in the lines before");
  return found->second;
}

Listing ManifestBuilder::finish() {
  require(listing_.files.size() > 0, source_, ": the list names no image");
  std::vector<int> order(labels_.size());
  std::iota(order.begin(), order.end(), 0);
  const auto label = [&](int i) -> Label& { return labels_[static_cast<std::size_t>(i)]; };
  for (Label& each : labels_) {
    if (!each.number) each.number = whole_number(each.name);
  }
  const bool numbered = std::all_of(labels_.begin(), labels_.end(), [](const Label& each) { return each.number; });
  std::sort(order.begin(), order.end(), [&](int a, int b) {
    if (numbered && label(a).number != label(b).number) return *label(a).number < *label(b).number;
    return label(a).name < label(b).name;
  });
  std::vector<int> numbers(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    numbers[static_cast<std::size_t>(order[i])] = static_cast<int>(i);
    listing_.labels.push_back(label(order[i]).name);
  }
  listing_.files.renumber(numbers);
  return std::move(listing_);
}

}  // namespace graft
