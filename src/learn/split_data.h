// The images of a job, opened, scanned and divided: what training may use, and what was wrong with the rest.
#pragma once

#include <string>
#include <vector>

#include "base/digest.h"
#include "data/dataset.h"
#include "data/scan.h"
#include "dist/group.h"
#include "recipe/train_options.h"
#include "report/report.h"

namespace graft {

// Images that can be read, with the digests of their contents.
struct Part {
  DatasetPtr dataset;  // null where there is none
  std::vector<Digest> contents;
  std::vector<int> labels() const;
};

// The images at these indices.
Part select(const Part& part, const std::vector<std::size_t>& indices);

struct SplitData {
  Part train, validation, test;
  std::vector<ScanFinding> findings;
  OrderedJson data_digest;  // of each part: a digest over the contents and labels, for the bundle's provenance
};

// Opens what the options name, scans it, says on the log what is left out, and splits a fifth off for validation where
// none is given. Throws where the result would be false: an image in two splits (unless allowed), a label without a
// training image. The members of `group` share the reading; one that is outside() reads all.
SplitData load_data(const TrainOptions& options, Group& group);

}  // namespace graft
