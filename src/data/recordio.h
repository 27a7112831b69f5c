// RecordIO files of images: the .rec files of Apache MXNet, and the streams of Amazon SageMaker's augmented manifests.
//
// Two kinds, told apart by their first record:
//   image records   each has a header with the label's number, and the picture behind it
//   pairs           a picture, then its label as text, each a record of its own
//
// Labels are named by their numbers, or by the text that the pairs have.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

#include "data/listing.h"

namespace graft {

// Where a picture's bytes are.
struct RecordPlace {
  std::uint64_t record = 0;  // where its record begins
  std::uint32_t skip = 0;    // bytes of the record before the picture
  std::uint32_t size = 0;    // of the picture
};

struct RecordIndex {
  Listing listing;  // file i is called by its number among the pictures
  std::vector<RecordPlace> places;
};

// Reads all headers. Every place lies within `content`. Throws when it is no such file, damaged, or cut off; `source`
// names it then.
RecordIndex index_records(ByteView content, std::string_view source);

// The picture at a place that index_records found in the same content.
Bytes read_record(ByteView content, const RecordPlace& place);

// Whether there is a file whose name ends in .rec.
bool is_record_file(const std::filesystem::path& path);

RecordIndex open_records(const std::filesystem::path& path);
// The samples of that file. The labels of the index may have been numbered anew.
DatasetPtr make_record_dataset(const std::filesystem::path& path, RecordIndex index);

}  // namespace graft
