// Divides labels by how many images they have: the well-filled ones make a general set to pretrain on, the others are
// what a domain looks like, few images to learn from by transfer.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/json_forward.h"
#include "data/write_set.h"

namespace graft {

struct Curation {
  std::filesystem::path general, domain;  // where the sets are written
  std::size_t min_images = 500;           // a label with fewer usable images is a domain label
  SetLayout layout = SetLayout::links;
};

struct CuratedLabel {
  std::string name;
  std::size_t images;
};

struct Curated {
  std::vector<CuratedLabel> general,
      domain;                // in the order of the dataset; labels without a usable image are in neither
  std::size_t left_out = 0;  // images that are not usable
};

// Writes both sets, each into a folder that open_dataset takes: one per label, or images.csv. The folders must be empty
// or not there yet. Throws when one of the sets would be empty; `source` names the images then.
Curated curate(const ScannedSet& whole, const Curation& curation, const std::string& source);

// How many images all of them have.
std::size_t images_of(const std::vector<CuratedLabel>& labels);

OrderedJson to_json(const Curated& curated, const Curation& curation);
std::string to_text(const Curated& curated, const Curation& curation);

}  // namespace graft
