// Whether what a request names is in the object store.
#pragma once

#include <string>

#include "control/control.h"

namespace graft {

// exact: an object of this very name; otherwise one whose key begins so. What is not there for the account is not
// there; throws Kind::unavailable when the store does not say.
bool has_objects(const Control& control, const std::string& account, const std::string& uri, bool exact);

}  // namespace graft
