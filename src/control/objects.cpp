#include "control/objects.h"

namespace graft {

bool has_objects(const Control& control, const std::string& account, const std::string& uri, bool exact) {
  const S3Path path = parse_s3(uri);
  try {
    const auto found = control.outside.list_objects(account, path, 1);
    // The first of those that begin so is the object itself, where it is there.
    return !found.empty() && (!exact || found[0].key == path.key);
  } catch (const Error& error) {
    if (error.kind() == Kind::unavailable || error.kind() == Kind::internal) throw;
    return false;
  }
}

}  // namespace graft
