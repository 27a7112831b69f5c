// A file of weights from elsewhere becomes a bundle.
#pragma once

#include <filesystem>
#include <string>

#include "bundle/bundle.h"

namespace graft {

struct ImportOptions {
  // A name of the zoo; empty: found from the names and shapes of the weights. PyTorch and TensorFlow flavours of one
  // network have the same ones; a Keras file is taken as TensorFlow's, any other as PyTorch's.
  std::string architecture;
};

// The network, its weights and head, and the preprocessing that the published weights of this architecture want. Labels
// come from a labels.txt beside the file ("0 Cat" or "Cat" per line); without one they are "0", "1", ... Throws naming
// the architecture that was expected and the first weight that does not fit when the file holds another.
Bundle import_model(const std::filesystem::path& file, const ImportOptions& options = {});

}  // namespace graft
