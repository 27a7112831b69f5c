// RecordIO files for tests.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"

namespace graft {

// One part of a record: 0 is a whole record, 1 the first part, 2 a middle one, 3 the last.
inline std::string record_part(std::string_view data, std::uint32_t part = 0) {
  Bytes out;
  append(out, std::uint32_t{0xced7230a});
  append(out, part << 29 | static_cast<std::uint32_t>(data.size()));
  std::string text(as_text(out));
  text += data;
  text.resize((text.size() + 3) / 4 * 4);
  return text;
}

// An image record's content: the header, the labels behind it where `flag` says so, and the picture.
inline std::string image_record(float label, std::string_view picture, std::uint32_t flag = 0) {
  Bytes out;
  append(out, flag);
  append(out, flag == 0 ? label : 0.0f);
  append(out, std::uint64_t{7});
  append(out, std::uint64_t{0});
  for (std::uint32_t i = 0; i < flag; ++i) append(out, label);
  return std::string(as_text(out)) + std::string(picture);
}

}  // namespace graft
