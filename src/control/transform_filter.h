// DataProcessing of a batch transform: a record is filtered before it is sent, joined with its answer, and filtered
// again. A record is JSON, a line of an object that is split by Line, else the object; or a row of CSV.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/json_path.h"

namespace graft {

struct TransformFilter {
  JsonPath input{}, output{};
  bool join = false;
  bool csv = false;  // else JSON
};

// Of CreateTransformJob's request; nothing where it asks for none. Throws what AWS's service answers.
std::optional<TransformFilter> transform_filter(const Json& request);

// Records and answers are text, parts of what they came in: their values take many times as much, so there is one at a
// time. What is no record, is larger than this, or lacks what a filter wants, is refused with Kind::invalid.
inline constexpr std::uint64_t kMostRecord = std::uint64_t{32} << 20;  // bytes

std::vector<std::string_view> transform_records(std::string_view content, bool by_line);
// What is sent of them, a line each.
std::string sent_of(const TransformFilter& filter, const std::vector<std::string_view>& records);
// The answers to `count` records that were sent together.
std::vector<std::string_view> answers_in(const TransformFilter& filter, std::string_view answer, std::size_t count);
// What is written of a record and its answer. Where they are joined, of JSON {.., "SageMakerOutput": ..}, of CSV the
// answer's cells behind the record's.
std::string written_of(const TransformFilter& filter, std::string_view record, std::string_view answer);

}  // namespace graft
