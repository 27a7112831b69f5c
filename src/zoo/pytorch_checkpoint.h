// PyTorch's checkpoints since 1.6: a zip archive with a pickle that says which tensors there are, and a file with the
// bytes of each storage.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "graph/weights.h"

namespace graft {

// Whether the first bytes are a PyTorch file's, of the zip format or the one before it.
bool is_pytorch(ByteView bytes);

// The named tensors of a state dict (torch.save(model.state_dict(), ...)), of one nested in a training checkpoint under
// "state_dict" or "model", or of a TorchScript archive. A "module." before all names is taken off. No file can run
// code: what does not build a tensor or a plain value is refused. `source` names the file in errors.
Weights parse_pytorch(ByteView bytes, std::string_view source);

}  // namespace graft
