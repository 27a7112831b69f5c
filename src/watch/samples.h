// What is kept of a period's values for its percentiles. Only for watch/.
#pragma once

#include <vector>

#include "base/bytes.h"
#include "watch/metrics.h"

namespace graft {

// Puts the samples in order. Of more than `most` so many stay, evenly out of the order, which stand for all; the
// smallest and the largest are among them.
void thin(std::vector<Sample>& samples, std::size_t most);

// As a row has them: the weight of all and the values, or 0 and pairs where weights differ.
Bytes packed(const std::vector<Sample>& samples);
std::vector<Sample> unpacked(ByteView bytes);

// Adds the other's values. Samples are in no order then.
void merge(Statistics& statistics, const Statistics& other);

}  // namespace graft
