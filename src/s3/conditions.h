// Conditional requests (RFC 9110 13): If-Match and its kin.
#pragma once

#include "s3/call.h"
#include "s3/objects.h"

namespace graft::s3 {

enum class Verdict { proceed, not_modified, failed };

// For a read. `prefix` is put before the headers' names: "x-amz-copy-source-".
Verdict judge(const Call& call, const Object& object, const std::string& prefix = "");

// For a write: If-None-Match: * and If-Match. What it throws is PreconditionFailed or NoSuchKey. Throws NotImplemented
// for other conditions.
Precondition write_condition(const Call& call);

}  // namespace graft::s3
