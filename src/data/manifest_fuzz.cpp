// Lists of every format. The first byte chooses the format. What is accepted holds together, and written as CSV it
// reads the same.
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "data/csv.h"
#include "data/manifest.h"

namespace {

using graft::Listing;

std::string as_csv(const Listing& listing) {
  std::string out = "image,label\n";
  for (std::size_t i = 0; i < listing.files.size(); ++i) {
    const std::string& label = listing.labels.at(static_cast<std::size_t>(listing.files.label(i)));
    out += graft::csv_field(listing.files.name(i)) + "," + graft::csv_field(label) + "\n";
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view content(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto format = static_cast<graft::ListFormat>(data[0] % 3);
  try {
    const Listing listing = graft::parse_manifest(content, format, "list");
    const std::string written = as_csv(listing);
    if (as_csv(graft::parse_manifest(written, graft::ListFormat::csv, "list")) != written) std::abort();
  } catch (const graft::Error&) {
  }
  return 0;
}
