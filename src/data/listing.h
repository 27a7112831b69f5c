// Files with labels: what a folder or a list says before any picture is read, and the dataset it becomes.
//
// Names live in one block of memory, so that a million files take their names and twelve bytes each.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/printable.h"
#include "data/dataset.h"

namespace graft {

class FileTable {
 public:
  void add(std::string_view name, int label);
  std::size_t size() const { return labels_.size(); }
  std::string_view name(std::size_t i) const;
  int label(std::size_t i) const { return labels_[i]; }
  // Label l becomes numbers[l].
  void renumber(std::span<const int> numbers);

 private:
  std::string names_;
  std::vector<std::uint64_t> ends_;  // of each name in names_
  std::vector<int> labels_;
};

struct Listing {
  // Names are relative to it; an absolute name stands for itself. Together they may go through a tar (tar.h).
  std::filesystem::path root;
  std::vector<std::string> labels;  // distinct
  FileTable files;
  Ignored ignored;
};

// Gives the listing these labels, in this order. Throws when it has one that is not among them; `source` names it then.
void use_labels(Listing& listing, const std::vector<std::string>& labels, std::string_view source);

// Throws unless `label` can be written into a bundle and shown to people: valid UTF-8, no control characters, not
// empty, at most 256 bytes. `source` says where it stands.
void check_label(std::string_view label, std::string_view source);

// Reads from the files when samples are asked for. Throws when a tar that files lie in cannot be opened.
DatasetPtr make_dataset(Listing listing);

}  // namespace graft
