// Zip archives of stored files, as PyTorch writes its checkpoints.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace graft {

bool is_zip(ByteView bytes);

// The files in the archive whose paths are `wanted`. They may not be larger together than the archive, so a small
// archive cannot fill the memory; checksums are checked. `source` names the archive in errors.
using ZipEntries = std::map<std::string, std::shared_ptr<const Bytes>>;
ZipEntries read_zip(ByteView archive, const std::function<bool(std::string_view path)>& wanted,
                    std::string_view source);

}  // namespace graft
