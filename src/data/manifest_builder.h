// Collects what the formats of manifest.h have in common: images and their labels, in the order of the lines.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "data/listing.h"

namespace graft {

class ManifestBuilder {
 public:
  explicit ManifestBuilder(std::string_view source) : source_(source) {}

  // `number` is the label's, where the list has one beside its name. Throws on a path or label that cannot be, and on a
  // label that had another number before.
  void add(std::string_view path, std::string_view label, std::optional<std::int64_t> number, std::uint64_t line);

  // The labels sorted and numbered.
  Listing finish();

  // "list.csv, line 12".
  std::string place(std::uint64_t line) const;

 private:
  struct Label {
    std::string name;
    std::optional<std::int64_t> number;
  };
  int number_of(std::string_view label, std::optional<std::int64_t> number, std::uint64_t line);

  std::string source_;
  Listing listing_;
  std::vector<Label> labels_;  // in the order they came
  std::unordered_map<std::string, int> index_;
  std::unordered_map<std::int64_t, int> holder_;  // of each number given
};

// The integer that `text` is, also when written as 3.000000; nullopt when it is none.
std::optional<std::int64_t> whole_number(std::string_view text);

// Adds the image of one line of a JSON-lines list.
void add_json_line(ManifestBuilder& builder, std::string_view line, std::uint64_t number);

// Names of fields that mean the same, the preferred one first.
std::span<const std::string_view> image_fields();
std::span<const std::string_view> label_fields();

}  // namespace graft
