// One object as a file that somebody else named by its URL, within limits (http/fetch.h), with the credentials of this
// process.
#pragma once

#include "http/fetch.h"

namespace graft {

// Who asks chooses a bucket and no host, so the store may have a private address. Throws as get_object() does,
// Kind::invalid for what is no s3://bucket/key.
Bytes fetch_s3(const std::string& url, const FetchLimits& limits);

}  // namespace graft
