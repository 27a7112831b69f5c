// EXIF is a TIFF file in a block: a byte order ("II" little, "MM" big), the number 42, the offset of the first
// directory; there, a count and that many entries of 12 bytes: tag, type, number of values, value. Orientation is tag
// 0x0112, one SHORT. Nothing else of EXIF is read.
#include <optional>

#include "image/codec.h"

namespace graft {
namespace {

constexpr unsigned kOrientationTag = 0x0112;
constexpr unsigned kShort = 3;

class Tiff {
 public:
  explicit Tiff(ByteView bytes) : bytes_(bytes), big_endian_(as_text(bytes).starts_with("MM")) {}

  std::optional<unsigned> number(std::size_t offset, std::size_t size) const {
    if (offset > bytes_.size() || bytes_.size() - offset < size) return std::nullopt;
    unsigned value = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const std::size_t at = offset + (big_endian_ ? i : size - 1 - i);
      value = value << 8 | std::to_integer<unsigned>(bytes_[at]);
    }
    return value;
  }

 private:
  ByteView bytes_;
  bool big_endian_;
};

}  // namespace

int exif_orientation(ByteView block) {
  constexpr std::string_view kPrefix("Exif\0\0", 6);
  if (as_text(block).starts_with(kPrefix)) block = block.subspan(kPrefix.size());
  const std::string_view order = as_text(block).substr(0, 2);
  if (order != "II" && order != "MM") return 1;
  const Tiff tiff(block);
  const auto directory = tiff.number(4, 4);
  if (tiff.number(2, 2) != 42u || !directory) return 1;
  const auto count = tiff.number(*directory, 2);
  if (!count) return 1;
  for (std::size_t i = 0; i < *count; ++i) {
    const std::size_t entry = std::size_t{*directory} + 2 + 12 * i;
    const auto tag = tiff.number(entry, 2);
    if (!tag) return 1;
    if (*tag != kOrientationTag || tiff.number(entry + 2, 2) != kShort) continue;
    const unsigned value = tiff.number(entry + 8, 2).value_or(1);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

}  // namespace graft
