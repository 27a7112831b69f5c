// An image set drawn from nothing, for a first run without any download.
//
// The general part shows many kinds of objects, a hundred images and more of each; the domain part shows six other
// kinds, a few images of each. The label shows in the shape alone, so what a network learns on the first part is of use
// on the second.
#pragma once

#include <cstdint>
#include <filesystem>

namespace graft {

struct SampleOptions {
  std::uint64_t seed = 7;
  int size = 64;  // pixels each way
  // Images of each label.
  int general_train = 120, general_validation = 30;
  int domain_train = 20, domain_validation = 10, domain_test = 40;
};

// Writes folder/general/{train,validation}/<label>/<number>.jpg and folder/domain/{train,validation,test}/... with a
// progress bar, on every core. The same options give the same pictures. Throws when `folder` holds anything already.
void write_sample(const std::filesystem::path& folder, const SampleOptions& options = {});

}  // namespace graft
