// Lists of images with their labels, as text files:
//
//   CSV             a header that names the columns, and a line per image:  image,label
//                                                                           ants/0013.jpg,ants
//   JSON lines      {"image": "ants/0013.jpg", "label": "ants"}
//   augmented       {"source-ref": "ants/0013.jpg", "class": 0, "class-metadata": {"class-name": "ants", ...}}
//   manifest        as Amazon SageMaker Ground Truth writes it; the label's attribute may have any name
//   .lst            0 <tab> 3 <tab> ants/0013.jpg     a number, the label's number, the image
//
// The image's field may also be called path, file, filename, file_name or image_path, the label's class, category or
// target. Paths are relative to the folder of the list, and may go through a tar: images.tar/ants/0013.jpg.
//
// Labels are numbered in the order of their names; where each is a number (or has one, in an augmented manifest), in
// the order of these numbers.
#pragma once

#include <filesystem>
#include <string_view>

#include "data/listing.h"

namespace graft {

enum class ListFormat { csv, json_lines, lst };

// Reads the list; whether the images are there is not looked at. Throws, with the line's number, on what is not such a
// list.
Listing read_manifest(const std::filesystem::path& path);

// The listing, without a root, that `content` describes; `source` names it in errors.
Listing parse_manifest(std::string_view content, ListFormat format, std::string_view source);

// By the name's extension, or, where that says nothing, by the first line.
ListFormat list_format(const std::filesystem::path& path, std::string_view content);

}  // namespace graft
