// Zip archives of stored files, as PyTorch writes its checkpoints.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace graft {

bool is_zip(ByteView bytes);

// Every file in the archive, by its path. The files together may not be larger than the archive, so a small archive
// cannot fill the memory; checksums are checked. `source` names the archive in errors.
using ZipEntries = std::map<std::string, std::shared_ptr<const Bytes>>;
ZipEntries read_zip(ByteView archive, std::string_view source);

}  // namespace graft
