// The names that the library timm gives to the weights of networks graft knows by torchvision's names.
#pragma once

#include "graph/weights.h"

namespace graft {

// timm's MobileNetV2 under torchvision's names. Anything else is returned as it is; timm's ResNets have torchvision's
// names already.
Weights from_timm_names(Weights weights);

}  // namespace graft
