// A row is refused with an Error, or its cells put together again are the row.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "control/csv_row.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace graft;
  const std::string_view row(reinterpret_cast<const char*>(data), size);
  try {
    if (csv_row(csv_cells(row)) != row) std::abort();
  } catch (const Error&) {
  }
  return 0;
}
